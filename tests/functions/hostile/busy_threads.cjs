const { Worker } = require('worker_threads');

exports.handler = async () => {
  for (const name of ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGUSR2', 'SIGPIPE']) process.on(name, () => {});
  for (let number = 0; number < 2; number++) new Worker('for (;;);', { eval: true });
  await new Promise((resolve) => setTimeout(resolve, 50));
  for (;;);
};
