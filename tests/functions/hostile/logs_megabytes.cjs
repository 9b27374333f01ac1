exports.handler = async () => {
  for (let number = 0; number < 8; number++) console.log('y'.repeat(1_000_000));
  return 'logged';
};
