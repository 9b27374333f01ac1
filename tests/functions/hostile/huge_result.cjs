exports.handler = async () => 'x'.repeat(100_000_000);
