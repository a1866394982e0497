/**
 * One entry per environment; the page's `cloudenv` picks one. No secret is ever here: signatures come from
 * the back end.
 *
 * server    base URL of the Duet server; '' = the server that this page came from (H5 only)
 * sdkAppID  of the app there; left out, the development server's answer says it
 */
export const environments = {
  PRO: { server: '' },
  DEV: { server: 'http://localhost:8080' },
};

/** Where a page without a userSig gets one. Put your own back end here. */
export function getUserSig({ userID, server }) {
  return new Promise((resolve, reject) => {
    uni.request({
      url: `${server || ''}/v1/dev/usersig`, // the development server signs for its own development app
      method: 'POST',
      header: { 'content-type': 'application/json' },
      data: { userId: userID, expire: 86400 },
      success: ({ statusCode, data }) => {
        if (statusCode === 200) resolve({ userSig: data.userSig, sdkAppID: data.sdkAppId });
        else reject(new Error((data && data.detail) || `the server that signs answered ${statusCode}`));
      },
      fail: ({ errMsg }) => reject(new Error(`the server that signs cannot be reached: ${errMsg}`)),
    });
  });
}
