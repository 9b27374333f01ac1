exports.handler = async () => { process.kill(process.pid, 'SIGSEGV'); for (;;); };
