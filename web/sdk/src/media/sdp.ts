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

/**
 * In an answer: the estimate of the uplink never falls below `kbps`. A word of Chromium's, which others pass over. There it holds for the whole
 * connection, and of all sections, those that send nothing included, the last one's counts.
 */
export function holdUplink(answer: string, kbps: number): string {
  return sections(answer).map((section) => {
    if (!section.startsWith('m=video')) return section;
    const types = [...section.matchAll(/^a=rtpmap:(\d+) ([^/]+)\//gm)].filter((map) => map[2]!.toLowerCase() !== 'rtx').map((map) => map[1]!);
    return types.reduce((text, type) => setFmtp(text, type, { 'x-google-min-bitrate': String(kbps) }), section);
  }).join('');
}

/**
 * In an answer: the browser may use so much for all pictures. A higher number than before makes Chromium try at once whether the path
 * carries it; what each picture may use at most is set elsewhere.
 */
export function allowUplink(answer: string, kbps: number): string {
  return sections(answer).map((section) => (
    section.startsWith('m=video') && /^a=recvonly\r?$/m.test(section) ? section.replace(/^(m=.*\r?\nc=.*?|m=.*?)(\r?\n)/, `$1$2b=AS:${kbps}$2`) : section
  )).join('');
}

/** Payload types of the section's codec `name`, in its order, of which `accept` takes the format parameters. */
function payloadTypes(section: string, name: string, accept: (fmtp: string) => boolean): string[] {
  const mapped = [...section.matchAll(/^a=rtpmap:(\d+) ([^/]+)\//gm)].filter((map) => map[2]!.toLowerCase() === name).map((map) => map[1]!);
  return mapped.filter((type) => accept(new RegExp(`^a=fmtp:${type} (.*)$`, 'm').exec(section)?.[1] ?? ''));
}

/** In an offer: H.264 with fragmentation units first in what is only sent, for browsers whose own order cannot be set. */
export function offerH264First(offer: string): string {
  return sections(offer).map((section) => {
    if (!section.startsWith('m=video') || !/^a=sendonly\r?$/m.test(section)) return section;
    const h264 = new Set(payloadTypes(section, 'h264', (fmtp) => /(^|;)\s*packetization-mode=1\b/.test(fmtp)));
    return section.replace(/^(m=\S+ \S+ \S+) ([\d ]+)/, (_line, head: string, list: string) => {
      const types = list.trim().split(' ');
      return [head, ...types.filter((type) => h264.has(type)), ...types.filter((type) => !h264.has(type))].join(' ');
    });
  }).join('');
}

/** In an answer: the codec of section `mid`, in lower case; null = it has none. */
export function codecOf(answer: string, mid: string): string | null {
  const section = sections(answer).find((text) => midOf(text) === mid) ?? '';
  const first = /^m=\S+ \S+ \S+ (\d+)/.exec(section)?.[1];
  return (first && new RegExp(`^a=rtpmap:${first} ([^/]+)/`, 'm').exec(section)?.[1]?.toLowerCase()) ?? null;
}

/** Names one end of a connection for as long as it lasts; undefined = there is none. */
export function iceUfragOf(sdp: string): string | undefined {
  return sdp.match(/^a=ice-ufrag:(\S+)/m)?.[1];
}
