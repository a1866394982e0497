/** Choosing among devices. */

export interface DeviceChoice {
  deviceId: string;
  label: string;
}

/** The one after `current`, in a circle; null when there is nothing to change to. */
export function nextDevice(devices: readonly DeviceChoice[], current: string): DeviceChoice | null {
  if (devices.length < 2) return null;
  const index = devices.findIndex(({ deviceId }) => deviceId === current);
  return devices[(Math.max(index, 0) + 1) % devices.length] ?? null;
}

/** Before permission is given browsers hide names: the number stands in for them. */
export function deviceChoices(devices: readonly MediaDeviceInfo[], word: string): DeviceChoice[] {
  return devices.map(({ deviceId, label }, index) => ({
    deviceId,
    label: label || (devices.length > 1 ? `${word} ${index + 1}` : word),
  }));
}
