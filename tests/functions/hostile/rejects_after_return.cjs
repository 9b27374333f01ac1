exports.handler = async () => {
  setTimeout(() => Promise.reject(new Error('too late')), 5);
  return 'returned';
};
