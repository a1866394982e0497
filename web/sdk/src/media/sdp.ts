/** The little that must be changed in session descriptions by hand. Pure text in, text out. */

/** Splits into the session part and one part per media section. */
function sections(sdp: string): string[] {
  return sdp.split(/(?=^m=)/m);
}

function midOf(section: string): string | null {
  return /^a=mid:(.+?)\r?$/m.exec(section)?.[1] ?? null;
}

/** Sets parameters of Opus in the sections that `apply` names; others stay as they are. */
function withOpus(
  sdp: string, apply: (section: string) => Readonly<Record<string, string>> | null,
): string {
  return sections(sdp).map((section) => {
    if (!section.startsWith('m=audio')) return section;
    const wanted = apply(section);
    const payloadType = /^a=rtpmap:(\d+) opus\/48000/im.exec(section)?.[1];
    if (!wanted || !payloadType) return section;
    return setFmtp(section, payloadType, wanted);
  }).join('');
}

function setFmtp(section: string, payloadType: string, wanted: Readonly<Record<string, string>>): string {
  const line = new RegExp(`^a=fmtp:${payloadType} (.*?)(\\r?)$`, 'm');
  const found = line.exec(section);
  const parameters = new Map<string, string>();
  for (const part of found?.[1]?.split(';') ?? []) {
    const [name, ...value] = part.trim().split('=');
    if (name) parameters.set(name, value.join('='));
  }
  for (const [name, value] of Object.entries(wanted)) parameters.set(name, value);
  const text = `a=fmtp:${payloadType} ${[...parameters].map(([n, v]) => (v ? `${n}=${v}` : n)).join(';')}`;
  if (found) return section.replace(line, `${text}$2`);
  const rtpmap = new RegExp(`^a=rtpmap:${payloadType} .*$`, 'm');
  const end = section.includes('\r\n') ? '\r\n' : '\n';
  return section.replace(rtpmap, (rtpmapLine) => `${rtpmapLine}${end}${text}`);
}

/** In an offer: says that stereo can be played, without which browsers decode Opus to one channel. */
export function acceptStereo(offer: string): string {
  return withOpus(offer, (section) => (/^a=recvonly\r?$/m.test(section) ? { stereo: '1' } : null));
}

/**
 * In an offer: lost packets of sound can be asked for again, both ways. Browsers know how to, but
 * do not offer it by themselves; the server takes up what is offered.
 */
export function offerAudioNack(offer: string): string {
  return sections(offer).map((section) => {
    const rtpmap = /^a=rtpmap:(\d+) opus\/48000.*?(\r?)$/im.exec(section);
    if (!section.startsWith('m=audio') || !rtpmap) return section;
    const line = `a=rtcp-fb:${rtpmap[1]} nack`;
    if (new RegExp(`^${line}\\s*$`, 'm').test(section)) return section;
    return section.replace(rtpmap[0], `${rtpmap[0]}\n${line}${rtpmap[2]}`);
  }).join('');
}

/**
 * In an answer: makes the encoder of section `mid` send in-band FEC (RFC 7587), and two channels
 * when `stereo`.
 */
export function tuneOpusSender(answer: string, mid: string, stereo: boolean): string {
  return withOpus(answer, (section) => {
    if (midOf(section) !== mid) return null;
    return stereo ? { useinbandfec: '1', stereo: '1' } : { useinbandfec: '1' };
  });
}
