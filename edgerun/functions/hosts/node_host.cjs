// What runs inside a Node environment: loads the user's module and calls its handler, event by event.
//
// It speaks the frames of edgerun/functions/frames.py and behaves like AWS's runtime client for Node.js.
'use strict';

const fs = require('fs');
const net = require('net');
const path = require('path');
const { Writable } = require('stream');
const Module = require('module');
const { fileURLToPath, pathToFileURL } = require('url');
const util = require('util');
const { performance } = require('perf_hooks'); // kept: user code may replace the global

const CHANNEL = 15;
const CLAIMS = 14;
const [EVENT, AHEAD] = [1, 2];
const [READY, STARTED, RESULT, ERROR, INIT_ERROR, LOADED, DECLINED] = [0, 1, 2, 3, 4, 5, 6];
const QUIET = 2 ** 31;
const HEAD = 9;
const ANSWER = 8;
const REQUEST_ID_LENGTH = 36;
const RUNTIME = '/var/runtime/index.mjs'; // what AWS's stack traces call this file

const channel = new net.Socket({ fd: CHANNEL, readable: true, writable: true });
const exit = process.exit.bind(process);
const waiting = [];
let facts = null;
let handler = null;
let running = null; // the invocation between its start and its answer
let received = Buffer.alloc(0);
let initialised = 0;
let printed = 0; // how often something was written to the output
let declining = false;
let claim = null; // the number of the next event sent ahead that may begin
let unsent = [];

class Fault extends Error {
  constructor(name, message) {
    super(message);
    this.name = name;
  }
}

// --- frames

function frame(kind, id, parts) {
  let size = HEAD;
  for (const part of parts) size += part.length;
  const bytes = Buffer.allocUnsafe(size);
  bytes.writeUInt32LE(size - 4, 0);
  bytes[4] = kind;
  bytes.writeUInt32LE(id, 5);
  let at = HEAD;
  for (const part of parts) at += part.copy(bytes, at);
  return bytes;
}

function answerHead(invocation) {
  const head = Buffer.allocUnsafe(ANSWER);
  const duration = performance.now() - invocation.begun;
  head.writeUInt32LE(Math.round(duration * 1000) >>> 0, 0);
  declining = printed !== invocation.printed;
  head.writeUInt32LE(peakMemory(duration) + (declining ? 0 : QUIET), 4);
  return head;
}

// To ask costs more than a short call, and what calls use that short adds up slowly: after many it is asked again.
const FEW = 16;
let peak = 0;
let unasked = 0;

function peakMemory(duration) {
  if (peak === 0 || duration > 1 || ++unasked >= FEW) {
    peak = process.resourceUsage().maxRSS;
    unasked = 0;
  }
  return peak;
}

// For the last words: the process exits before the event loop could send them.
function sendNow(bytes) {
  writeAll(CHANNEL, bytes);
}

const { readSync, writeSync } = fs; // kept: user code may replace them
const { wait } = Atomics;
const pause = new Int32Array(new SharedArrayBuffer(4));

// What the socket takes at once, without the event loop.
function writeSome(bytes) {
  try {
    return writeSync(CHANNEL, bytes);
  } catch (error) {
    if (error.code !== 'EAGAIN') exit(1);
    return 0;
  }
}

function writeAll(descriptor, bytes) {
  while (bytes.length) {
    try {
      bytes = bytes.subarray(writeSync(descriptor, bytes));
    } catch (error) {
      if (error.code !== 'EAGAIN') return;
      wait(pause, 0, 0, 1);
    }
  }
}

// --- output

// Node writes to pipes behind the program's back; what was printed has to be out before the result.
class Output extends Writable {
  constructor(fd) {
    super({ decodeStrings: true, emitClose: false });
    this.fd = fd;
    this._type = 'pipe';
    this._isStdio = true;
    this.destroySoon = this.destroy;
  }

  _write(bytes, encoding, done) {
    printed += 1;
    writeAll(this.fd, bytes);
    done();
  }

  _destroy(error, done) {
    done(error); // closing an output of the process closes nothing
  }
}

function replaceOutput() {
  for (const [name, fd] of [['stdout', 1], ['stderr', 2]]) {
    const output = new Output(fd);
    Object.defineProperty(process, name, { configurable: true, enumerable: true, get: () => output });
  }
}

function receive(bytes) {
  received = received.length ? Buffer.concat([received, bytes]) : bytes;
  let offset = 0;
  while (received.length - offset >= HEAD) {
    const end = offset + 4 + received.readUInt32LE(offset);
    if (received.length < end) break;
    const kind = received.readUInt8(offset + 4);
    const id = received.readUInt32LE(offset + 5);
    const payload = received.subarray(offset + HEAD, end);
    if (facts === null) initialise(JSON.parse(payload));
    else if (kind === EVENT || kind === AHEAD) waiting.push({ kind, id, payload });
    offset = end;
  }
  received = received.subarray(offset);
  next();
}

// --- errors

function errorDocument(error) {
  if (!util.types.isNativeError(error) && !(error instanceof Error)) {
    return { errorType: typeof error, errorMessage: String(error), trace: [] };
  }
  return {
    errorType: String(error.name || 'Error'),
    errorMessage: ours(String(error.message)),
    trace: userFrames(error),
  };
}

// The runtime's own frames are nobody's business.
function userFrames(error) {
  const lines = String(error.stack || '').split('\n');
  return lines.filter((line) => !(line.startsWith('    at ') && line.includes(__filename))).map(ours);
}

function ours(text) {
  const shown = text.replaceAll(__filename, RUNTIME);
  return facts ? shown.replaceAll(`- ${asker()}`, `- ${RUNTIME}`) : shown;
}

// The file that asks for handlers in the runtime's stead; it need not exist, and AWS's words do not name it.
function asker() {
  return path.join(facts.root, 'edgerun-runtime.js');
}

function logError(title, document) {
  const { errorType, errorMessage, trace } = document;
  if (wantsJson()) return writeRecord('ERROR', [{ errorType, errorMessage, stackTrace: trace }]);
  const text = JSON.stringify({ errorType, errorMessage, stack: trace });
  write('ERROR', `${title} \t${text}`);
}

// --- console

function write(level, text) {
  const id = running ? running.awsRequestId : undefined;
  const line = text.replaceAll('\n', '\r');
  process.stdout.write(`${new Date().toISOString()}\t${id}\t${level}\t${line}\n`);
}

// The JSON log format: AWS's record, below the function's log level nothing.
const LEVELS = ['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'FATAL'];

function wantsJson() {
  return process.env.AWS_LAMBDA_LOG_FORMAT === 'JSON';
}

function writeRecord(level, values) {
  const least = LEVELS.indexOf(process.env.AWS_LAMBDA_LOG_LEVEL || 'INFO');
  if (LEVELS.indexOf(level) < least) return;
  const requestId = running ? running.awsRequestId : undefined;
  const record = { timestamp: new Date().toISOString(), level, requestId };
  process.stdout.write(`${recordText(record, values)}\n`);
}

function recordText(record, values) {
  if (values.length !== 1) {
    const error = values.find((value) => value instanceof Error);
    return JSON.stringify({ ...record, message: util.format(...values), ...(error && errorFields(error)) });
  }
  try {
    return JSON.stringify({ ...record, message: values[0] }, (_, value) => {
      return value instanceof Error ? { ...errorFields(value), ...value } : value;
    });
  } catch {
    return JSON.stringify({ ...record, message: util.format(values[0]) });
  }
}

function errorFields(error) {
  const stackTrace = typeof error.stack === 'string' ? error.stack.split('\n') : [];
  return { errorType: error.constructor?.name ?? 'UnknownError', errorMessage: error.message, stackTrace };
}

function patchConsole() {
  const levels = { log: 'INFO', debug: 'DEBUG', info: 'INFO', warn: 'WARN', error: 'ERROR' };
  const json = wantsJson();
  for (const [name, level] of Object.entries(levels)) {
    console[name] = (...values) => (json ? writeRecord(level, values) : write(level, util.format(...values)));
  }
  console.trace = (...values) => {
    if (json) return writeRecord('TRACE', values);
    const stack = new Error(util.format(...values)).stack.split('\n').slice(2);
    write('TRACE', ['Trace: ' + util.format(...values), ...stack].join('\n'));
  };
}

// --- which files were loaded, for a server that watches them

const loads = { wanted: false, files: new Set(), missed: new Set(), cached: 0, told: new Set([__filename]) };

// What was required is in require.cache. Of ES modules node tells `node --watch`, by this variable and process.send.
function watchLoads() {
  loads.wanted = true;
  process.env.WATCH_REPORT_DEPENDENCIES = '1';
  const value = (message) => {
    for (const url of message?.['watch:import'] ?? []) if (url.startsWith('file:')) note(loads.files, fileURLToPath(url));
    for (const file of message?.['watch:require'] ?? []) if (typeof file === 'string') note(loads.missed, file);
  };
  Object.defineProperty(process, 'send', { value, configurable: true, writable: true });
  const resolve = Module._resolveFilename;
  Module._resolveFilename = function (request, parent, ...more) {
    try {
      return resolve.call(this, request, parent, ...more);
    } catch (error) {
      noteMissed(request, parent);
      throw error;
    }
  };
}

function note(set, file) {
  if (!loads.told.has(file)) set.add(file);
}

function noteMissed(request, parent) {
  if (path.isAbsolute(request)) return note(loads.missed, request);
  if (/^\.\.?(\/|$)/.test(request)) {
    return note(loads.missed, path.resolve(parent?.filename ? path.dirname(parent.filename) : facts.root, request));
  }
  const name = request.split('/').slice(0, request.startsWith('@') ? 2 : 1);
  for (const folder of parent?.paths ?? []) {
    if (folder.startsWith(facts.root + path.sep)) note(loads.missed, path.join(folder, ...name));
  }
}

function reportLoads() {
  if (!loads.wanted) return;
  const required = Object.keys(require.cache);
  if (required.length !== loads.cached) for (const file of required) note(loads.files, file);
  loads.cached = required.length;
  if (loads.files.size === 0 && loads.missed.size === 0) return;
  const report = { files: [...loads.files], missed: [...loads.missed] };
  for (const set of [loads.files, loads.missed]) {
    for (const file of set) loads.told.add(file);
    set.clear();
  }
  unsent.push(frame(LOADED, 0, [Buffer.from(JSON.stringify(report))]));
}

// --- a debugger

// The environment before this one may still hold the port: it ends after what it runs.
async function openInspector({ host, port, wait }) {
  const inspector = require('inspector');
  inspector.open(port, host);
  while (inspector.url() === undefined) {
    await new Promise((done) => setTimeout(done, 20));
    if (await isFree(host, port)) inspector.open(port, host);
  }
  if (!wait) return;
  inspector.waitForDebugger();
  debugger; // asked for by --inspect-brk: your code is loaded next; set breakpoints in it, and continue
}

function isFree(host, port) {
  return new Promise((done) => {
    const probe = net.createServer();
    probe.once('error', () => done(false));
    probe.listen({ host, port, exclusive: true }, () => probe.close(() => done(true)));
  });
}

// --- the user's module

function split(name) {
  if (name.includes('..')) {
    throw new Fault(
      'Runtime.MalformedHandlerName',
      `'${name}' is not a valid handler name. Use absolute paths when specifying root directories in handler names.`,
    );
  }
  const base = path.basename(name);
  const match = /^([^.]*)\.(.*)$/.exec(base);
  if (!match) throw new Fault('Runtime.MalformedHandlerName', 'Bad handler');
  return [path.join(path.dirname(name), match[1]), match[2]];
}

function isModule(file) {
  for (let folder = path.dirname(file); ; folder = path.dirname(folder)) {
    try {
      return JSON.parse(fs.readFileSync(path.join(folder, 'package.json'))).type === 'module';
    } catch (error) {
      if (error.code !== 'ENOENT' || folder === path.dirname(folder)) return false;
    }
  }
}

async function load(module) {
  const file = path.resolve(facts.root, module);
  const load = Module.createRequire(asker());
  if (fs.existsSync(file) && fs.statSync(file).isFile()) return load(file);
  if (fs.existsSync(`${file}.js`)) {
    return isModule(`${file}.js`) ? import(pathToFileURL(`${file}.js`)) : load(`${file}.js`);
  }
  if (fs.existsSync(`${file}.mjs`)) return import(pathToFileURL(`${file}.mjs`));
  if (fs.existsSync(`${file}.cjs`)) return load(`${file}.cjs`);
  try {
    return load(load.resolve(file));
  } catch (error) {
    if (error.code !== 'MODULE_NOT_FOUND' || !String(error.message).includes(`'${file}'`)) throw error;
    const missing = new Error(`Cannot find module '${module}'\nRequire stack:\n- ${RUNTIME}`);
    missing.code = 'MODULE_NOT_FOUND';
    throw missing;
  }
}

async function find(name) {
  const [module, property] = split(name);
  let exported;
  try {
    exported = await load(module);
  } catch (error) {
    if (error instanceof SyntaxError) throw named('Runtime.UserCodeSyntaxError', error);
    if (error && error.code === 'MODULE_NOT_FOUND') throw named('Runtime.ImportModuleError', error);
    throw error;
  }
  const found = property.split('.').reduce((value, key) => value && value[key], exported);
  if (!found) throw new Fault('Runtime.HandlerNotFound', `${name} is undefined or not exported`);
  if (typeof found !== 'function') throw new Fault('Runtime.HandlerNotFound', `${name} is not a function`);
  return found;
}

function named(name, error) {
  const fault = new Fault(name, String(error));
  fault.stack = `${name}: ${error.stack}`;
  return fault;
}

async function initialise(given) {
  facts = given;
  initialised = performance.now();
  process.env.AWS_EXECUTION_ENV = `AWS_Lambda_nodejs${process.versions.node.split('.')[0]}.x`;
  replaceOutput();
  patchConsole();
  if (facts.reports_modules) watchLoads();
  try {
    if (facts.debugger) await openInspector(facts.debugger);
    handler = await find(facts.handler);
  } catch (error) {
    const document = errorDocument(error);
    logError('Uncaught Exception', document);
    sendNow(frame(INIT_ERROR, 0, [Buffer.from(JSON.stringify(document))]));
    exit(1);
  }
  reportLoads();
  unsent.push(frame(READY, 0, []));
  send();
  next();
}

// --- invocations

function next() {
  if (handler === null || running !== null) return;
  let event;
  do {
    if (waiting.length === 0) return send();
    event = waiting.shift();
  } while (event.kind === AHEAD && !begins(event.id));
  const { id, payload } = event;
  unsent.push(frame(STARTED, id, []));
  send();
  const awsRequestId = payload.toString('latin1', 0, REQUEST_ID_LENGTH);
  running = { id, awsRequestId, begun: performance.now(), context: null, finished: null, printed };
  const digits = awsRequestId.replaceAll('-', '');
  const parent = digits.slice(16);
  process.env._X_AMZN_TRACE_ID = `Root=1-${digits.slice(0, 8)}-${digits.slice(8)};Parent=${parent};Sampled=0`;
  channel.unref(); // so that the event loop can run dry, which ends a callback handler's invocation
  invoke(running, payload);
}

// An event sent ahead begins only if it can be claimed: the server may have taken it back. After one that printed none
// begins until its output has been read.
function begins(id) {
  if (claim === null) {
    try {
      readSync(CLAIMS, claimed, 0, 4, null);
    } catch (error) {
      if (error.code === 'EAGAIN') return false;
      exit(1);
    }
    claim = claimed.readUInt32LE(0);
  }
  if (claim !== id) return false;
  claim = null;
  if (declining) unsent.push(frame(DECLINED, id, []));
  return !declining;
}

const claimed = Buffer.alloc(4);

// An answer goes out with the word that the next event has begun, if that is here already.
function send() {
  if (unsent.length === 0) return;
  let bytes = unsent.length === 1 ? unsent[0] : Buffer.concat(unsent);
  unsent = [];
  if (channel.writableLength === 0) bytes = bytes.subarray(writeSome(bytes));
  if (bytes.length) channel.write(bytes);
}

function invoke(invocation, payload) {
  const succeed = (result) => answer(invocation, result);
  const fail = (error) => answerError(invocation, error);
  const callback = (error, result) => {
    if (invocation.finished !== null || invocation !== running) return;
    if (error !== undefined && error !== null) return fail(error);
    invocation.finished = () => succeed(result);
    if (!invocation.context.callbackWaitsForEmptyEventLoop) setImmediate(invocation.finished);
  };
  try {
    const event = JSON.parse(payload.toString('utf8', REQUEST_ID_LENGTH));
    invocation.context = makeContext(invocation, callback);
    const returned = handler(event, invocation.context, callback);
    if (returned && typeof returned.then === 'function') returned.then(succeed, fail);
  } catch (error) {
    fail(error);
  }
}

function makeContext(invocation, callback) {
  const deadline = (facts.within_invocation ? initialised : invocation.begun) + facts.timeout * 1000;
  facts.within_invocation = false; // INIT may have used some of the first invocation's time
  const done = (error, result) => {
    context.callbackWaitsForEmptyEventLoop = false;
    callback(error, result);
  };
  const context = {
    callbackWaitsForEmptyEventLoop: true,
    functionVersion: facts.function_version,
    functionName: facts.function_name,
    memoryLimitInMB: facts.memory_limit_in_mb,
    logGroupName: facts.log_group_name,
    logStreamName: facts.log_stream_name,
    clientContext: undefined,
    identity: undefined,
    invokedFunctionArn: facts.invoked_function_arn,
    awsRequestId: invocation.awsRequestId,
    getRemainingTimeInMillis: () => Math.max(0, Math.floor(deadline - performance.now())),
    done,
    succeed: (result) => done(null, result),
    fail: (error) => done(error === undefined || error === null ? 'handled' : error),
  };
  return context;
}

function answer(invocation, result) {
  if (invocation !== running) return;
  let text;
  try {
    text = JSON.stringify(result === undefined ? null : result);
    if (text === undefined) text = 'null';
  } catch {
    return answerError(invocation, new Error('Unable to stringify response body'));
  }
  let bytes = Buffer.from(text);
  // Of a result that is too long only so much is sent as shows it.
  if (bytes.length > facts.largest_result) bytes = bytes.subarray(0, facts.largest_result + 1);
  finish(frame(RESULT, invocation.id, [answerHead(invocation), bytes]));
}

function answerError(invocation, error) {
  if (invocation !== running) return;
  const document = errorDocument(error);
  logError('Invoke Error', document);
  finish(frame(ERROR, invocation.id, [answerHead(invocation), Buffer.from(JSON.stringify(document))]));
}

function finish(bytes) {
  running = null;
  channel.ref();
  unsent.push(bytes);
  reportLoads();
  next();
}

// --- ends

function fatal(title, document, code) {
  logError(title, document);
  const bytes = Buffer.from(JSON.stringify(document));
  for (const part of unsent) sendNow(part);
  if (running !== null) sendNow(frame(ERROR, running.id, [answerHead(running), bytes]));
  else if (handler === null) sendNow(frame(INIT_ERROR, 0, [bytes]));
  exit(code);
}

process.on('uncaughtException', (error) => fatal('Uncaught Exception', errorDocument(error), 129));
process.on('unhandledRejection', (reason) => {
  const text = ours(String(reason));
  const frames = reason instanceof Error ? userFrames(reason) : [];
  const document = {
    errorType: 'Runtime.UnhandledPromiseRejection',
    errorMessage: text,
    trace: [`Runtime.UnhandledPromiseRejection: ${text}`, ...frames.slice(1)],
  };
  fatal('Unhandled Promise Rejection', document, 128);
});
process.on('beforeExit', () => {
  if (running === null) return;
  if (running.finished !== null) running.finished();
  else answer(running, null);
});
channel.on('data', receive);
channel.on('error', () => exit(1));
channel.on('end', () => exit(1));
