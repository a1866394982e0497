/** What the component itself says, in the reader's language. Pure. */

export type Language = 'en' | 'zh';

const WORDS = {
  en: {
    mute: 'Mute', unmute: 'Unmute', camera: 'Camera', cameraOff: 'Camera off', flip: 'Flip', hangUp: 'Hang up', beauty: 'Beauty',
    waiting: 'Waiting for the other side…', paused: 'The other side is in the background',
    reconnecting: 'Reconnecting…', entering: 'Entering the room…', noTags: 'The page was built without live-pusher and live-player: '
      + 'add the build helper of @duet/uni to vue.config.js or vite.config.js',
    noTransport: 'This version of trtc-room calls from browsers; calls from inside a mini program need a transport that it does not have yet',
    'error.-100018': 'The signature was refused', 'error.-100015': 'The server does not know this sdkAppID',
    'error.-100006': 'This room needs permission', 'error.-3301': 'The room cannot be entered', 'error.-3318': 'The room number is not valid',
    'error.-3319': 'The user name is not valid', 'error.-1307': 'The server cannot be reached', 'error.-1301': 'The camera cannot be used',
    'error.-1302': 'The microphone cannot be used', 'error.3004': 'You were taken out of the room', 'error.3005': 'No sound or picture gets through',
  },
  zh: {
    mute: '静音', unmute: '取消静音', camera: '打开摄像头', cameraOff: '关闭摄像头', flip: '翻转', hangUp: '挂断', beauty: '美颜',
    waiting: '正在等待对方加入…', paused: '对方已切到后台',
    reconnecting: '正在重新连接…', entering: '正在进入房间…', noTags: '页面中没有 live-pusher 和 live-player：'
      + '请在 vue.config.js 或 vite.config.js 中加入 @duet/uni 的构建插件',
    noTransport: '当前版本的 trtc-room 支持 H5；小程序内通话所需的传输方式尚未提供',
    'error.-100018': '签名未通过', 'error.-100015': '服务器没有这个 sdkAppID', 'error.-100006': '没有进入该房间的权限',
    'error.-3301': '无法进入房间', 'error.-3318': '房间号不正确', 'error.-3319': '用户名不正确', 'error.-1307': '连接不上服务器',
    'error.-1301': '无法使用摄像头', 'error.-1302': '无法使用麦克风', 'error.3004': '您已被移出房间', 'error.3005': '音视频数据不通',
  },
} as const;

export type WordKey = keyof (typeof WORDS)['en'];

export function words(language: Language, key: WordKey): string {
  return WORDS[language][key];
}

export function allWords(language: Language): Record<string, string> {
  return WORDS[language];
}

/** `zh-Hans`, `zh_CN` and the like are Chinese, everything else English. */
export function languageOf(locale: unknown): Language {
  return typeof locale === 'string' && /^zh/i.test(locale) ? 'zh' : 'en';
}

/** What went wrong, and what the server said about it: that names the particulars. */
export function errorWords(language: Language, code: number, message: string): string {
  const known = WORDS[language][`error.${code}` as WordKey] as string | undefined;
  if (!known) return message;
  return message === '' ? known : language === 'zh' ? `${known}：${message}` : `${known}: ${message}`;
}
