exports.handler = async () => {
  process.stdout.write('x'.repeat(8_000_000));
  return 'printed';
};
