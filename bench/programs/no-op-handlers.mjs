// A handlers file for scenarios that start XQueue as a user does. JavaScript: for TypeScript Node would load what strips the
// types, 15 MB that are not the queue's.
export default ['warm', 'bench'].map((type) => ({ type, handle: () => null }));
