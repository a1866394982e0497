/** What the component itself says, in the reader's language. Pure. */

export type Language = 'en' | 'zh';

const WORDS = {
  en: {
    mute: 'Mute', unmute: 'Unmute', camera: 'Camera', cameraOff: 'Camera off', flip: 'Flip', hangUp: 'Hang up', beauty: 'Beauty',
    waiting: 'Waiting for the other side…', paused: 'The other side is in the background',
    reconnecting: 'Reconnecting…', entering: 'Entering the room…', noTags: 'The page was built without live-pusher and live-player: '
      + 'add the build helper of @duet/uni to vue.config.js or vite.config.js',
    miniNoLibrary: 'WeChat on this phone is too old for calls: update it (base library 1.7.0 or newer)',
    miniOldLibrary: 'WeChat on this phone is too old: update it (base library 2.9.1 or newer, so that pictures and buttons can overlap)',
    miniNoTags: 'This mini program may not use live-pusher and live-player: choose a category that has them, and switch both on at '
      + 'mp.weixin.qq.com under Development > Interface settings. The simulator of the developer tools never has them: use a real phone',
    miniDomain: 'The server is not on the list of this mini program: add its wss:// address at mp.weixin.qq.com under Development > '
      + 'Development settings > Server domains (socket), or tick "do not check domains" in the developer tools',
    miniNoServer: 'The environment has no server: a mini program has no address of its own, so give setUpRoom one, such as https://call.example.com',
    miniCamera: 'It was not allowed. Tap here, allow the camera in the settings, and come back',
    miniMic: 'It was not allowed. Tap here, allow the microphone in the settings, and come back',
    miniPushStuck: 'The room is entered, but sound and picture cannot be sent: the RTMP port of the server (1935) is closed or blocked on the way',
    kickedReplaced: 'the same user has entered elsewhere', kickedRemoved: 'removed from the room', kickedSilent: 'nothing was received any more',
    dismissed: 'the room was dismissed',
    'error.-100018': 'The signature was refused', 'error.-100015': 'The server does not know this sdkAppID',
    'error.-100006': 'This room needs permission', 'error.-3301': 'The room cannot be entered', 'error.-3318': 'The room number is not valid',
    'error.-3319': 'The user name is not valid', 'error.-1307': 'The server cannot be reached', 'error.-1301': 'The camera cannot be used',
    'error.-1302': 'The microphone cannot be used', 'error.-41101': 'The server may not be used', 'error.-41102': 'Calls are not permitted',
    'error.-41103': 'Calls are not possible', 'error.3004': 'You were taken out of the room', 'error.3005': 'No sound or picture gets through',
  },
  zh: {
    mute: '静音', unmute: '取消静音', camera: '打开摄像头', cameraOff: '关闭摄像头', flip: '翻转', hangUp: '挂断', beauty: '美颜',
    waiting: '正在等待对方加入…', paused: '对方已切到后台',
    reconnecting: '正在重新连接…', entering: '正在进入房间…', noTags: '页面中没有 live-pusher 和 live-player：'
      + '请在 vue.config.js 或 vite.config.js 中加入 @duet/uni 的构建插件',
    miniNoLibrary: '此手机的微信版本过低，无法通话：请更新微信（基础库 1.7.0 或以上）',
    miniOldLibrary: '此手机的微信版本过低：请更新微信（基础库 2.9.1 或以上，画面与按钮才能同层显示）',
    miniNoTags: '此小程序没有使用 live-pusher 和 live-player 的权限：请选择支持的类目，并在 mp.weixin.qq.com 的“开发 > 接口设置”中'
      + '打开这两项。开发者工具的模拟器不支持，请用真机',
    miniDomain: '服务器不在此小程序的合法域名列表中：请在 mp.weixin.qq.com 的“开发 > 开发设置 > 服务器域名”中添加它的 wss:// 地址（socket 合法域名），'
      + '或在开发者工具中勾选“不校验合法域名”',
    miniNoServer: '环境没有配置服务器：小程序没有自己的地址，请在 setUpRoom 中填写，例如 https://call.example.com',
    miniCamera: '没有授权。点击这里，在设置中允许使用摄像头，然后返回',
    miniMic: '没有授权。点击这里，在设置中允许使用麦克风，然后返回',
    miniPushStuck: '已进入房间，但音视频发送不出去：服务器的 RTMP 端口（1935）未开放，或在途中被阻断',
    kickedReplaced: '同一用户已在别处进入', kickedRemoved: '已被移出房间', kickedSilent: '长时间没有收到数据', dismissed: '房间已解散',
    'error.-100018': '签名未通过', 'error.-100015': '服务器没有这个 sdkAppID', 'error.-100006': '没有进入该房间的权限',
    'error.-3301': '无法进入房间', 'error.-3318': '房间号不正确', 'error.-3319': '用户名不正确', 'error.-1307': '连接不上服务器',
    'error.-1301': '无法使用摄像头', 'error.-1302': '无法使用麦克风', 'error.-41101': '不能使用该服务器', 'error.-41102': '没有通话权限', 'error.-41103': '无法通话',
    'error.3004': '您已被移出房间', 'error.3005': '音视频数据不通',
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
