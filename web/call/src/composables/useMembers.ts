import type { DuetClient, Quality } from '@duet/sdk';
import { computed, reactive, ref } from 'vue';
import { worseQuality } from '../logic/network.js';

/** Someone else in the room. */
export interface Member {
  userId: string;
  audio: boolean;
  video: boolean;
  screen: boolean;
  /** The connection is lost, the seat kept. */
  paused: boolean;
  quality: Quality;
  /** 0..100. */
  volume: number;
}

function newMember(userId: string): Member {
  return { userId, audio: false, video: false, screen: false, paused: false, quality: 0, volume: 0 };
}

/** The others, in the order in which they came, as the SDK's events tell. */
export function useMembers(duet: DuetClient) {
  const byId = reactive(new Map<string, Member>());
  const ownQuality = ref<Quality>(0);

  /** Events of one user may come in any order: whoever is named is there. */
  function of(userId: string): Member {
    if (!byId.has(userId)) byId.set(userId, newMember(userId));
    return byId.get(userId) as Member;
  }

  duet.on('remote-user-enter', ({ userId }) => void of(userId));
  duet.on('remote-user-exit', ({ userId }) => void byId.delete(userId));
  duet.on('remote-user-paused', ({ userId }) => { of(userId).paused = true; });
  duet.on('remote-user-resumed', ({ userId }) => { of(userId).paused = false; });
  duet.on('remote-audio-available', ({ userId }) => { of(userId).audio = true; });
  duet.on('remote-video-available', ({ userId, streamType }) => {
    of(userId)[streamType === 'sub' ? 'screen' : 'video'] = true;
  });
  // A stream may end after its user has gone: that must not bring the user back.
  duet.on('remote-audio-unavailable', ({ userId }) => {
    const member = byId.get(userId);
    if (member) member.audio = false;
  });
  duet.on('remote-video-unavailable', ({ userId, streamType }) => {
    const member = byId.get(userId);
    if (member) member[streamType === 'sub' ? 'screen' : 'video'] = false;
  });
  duet.on('audio-volume', ({ result }) => {
    for (const { userId, volume } of result) {
      const member = byId.get(userId);
      if (member) member.volume = volume;
    }
  });
  duet.on('network-quality', ({ uplinkNetworkQuality, downlinkNetworkQuality, members }) => {
    ownQuality.value = worseQuality(uplinkNetworkQuality, downlinkNetworkQuality);
    for (const { userId, uplink, downlink } of members) {
      const member = byId.get(userId);
      if (member) member.quality = worseQuality(uplink, downlink);
    }
  });

  function clear(): void {
    byId.clear();
    ownQuality.value = 0;
  }

  return { list: computed(() => [...byId.values()]), ownQuality, clear };
}

export type Members = ReturnType<typeof useMembers>;
