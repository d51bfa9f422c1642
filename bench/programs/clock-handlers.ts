// Answers when it was started, by the clock that all processes of a machine share.
export default { type: 'clock', handle: () => String(process.hrtime.bigint()) };
