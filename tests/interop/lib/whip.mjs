// The HTTP side of WHIP and WHEP, as RFC 9725 and its sibling have it, for clients that bring an offer of their own.

/** A session that the server has made for an offer. */
export class WhipSession {
  constructor(url, etag, answer) {
    this.url = url;
    this.etag = etag;
    this.answer = answer;
  }

  /** Sends the offer; throws the problem that the server answers with. */
  static async open(url, offer, { token } = {}) {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/sdp', ...(token ? { authorization: `Bearer ${token}` } : {}) },
      body: offer,
    });
    const text = await response.text();
    if (response.status !== 201) throw Object.assign(new Error(`POST ${url} answered ${response.status}: ${text}`), { status: response.status, text });
    return new WhipSession(new URL(response.headers.get('location'), url).href, response.headers.get('etag'), text);
  }

  patch(fragment, { ifMatch = this.etag, type = 'application/trickle-ice-sdpfrag' } = {}) {
    return fetch(this.url, { method: 'PATCH', headers: { 'content-type': type, ...(ifMatch ? { 'if-match': ifMatch } : {}) }, body: fragment });
  }

  close() {
    return fetch(this.url, { method: 'DELETE' });
  }
}
