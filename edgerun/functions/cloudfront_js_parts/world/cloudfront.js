// import cf from 'cloudfront': what it asks is answered between two turns of the run, see `engine.py`.
  const viewerRequestOnly = (name) => {
    if (!isRequest) throw new TypeError("cf." + name + " is available in viewer-request only");
  };
  const noted = (method, params) => {
    viewerRequestOnly(method);
    calls[calls.length] = {method, params: parse(stringify(params))};
  };
  const settings = (method, given) => {
    if (typeof given !== "object" || given === null || isArray(given)) {
      throw new TypeError("cf." + method + " takes an object");
    }
    return given;
  };
  const ask = (question, read) => new Promise((resolve, reject) => {
    const id = waiting.length;
    waiting[id] = (answer) => {
      if (answer.error) { reject(new Error(answer.error)); return; }
      try { resolve(read(answer.value)); } catch (error) { reject(error); }
    };
    asked[asked.length] = {id, key: "", ...question};
  });
  const keyOf = (key) => {
    if (typeof key !== "string") throw new TypeError("key must be a string");
    return key;
  };
  const formats = {
    __proto__: null,
    string: (value) => value,
    json: (value) => parse(value),
    bytes: (value) => BUFFER().from(value),
  };
  const store = {
    async get(key, options) {
      const format = options === undefined || options.format === undefined ? "string" : options.format;
      const read = formats[format];
      if (!read) throw new TypeError('format must be "string", "json" or "bytes", not "' + format + '"');
      return ask({ask: "get", key: keyOf(key)}, read);
    },
    async exists(key) { return ask({ask: "exists", key: keyOf(key)}, (value) => value); },
    async count() { return ask({ask: "count"}, (value) => value); },
    async meta() { return ask({ask: "meta"}, (value) => value); },
  };
  cloudfront = {
    kvs(id) {
      if (!STORE) throw new Error("KVSNamespaceNotFound");
      return {...store};
    },
    updateRequestOrigin(given) { noted("updateRequestOrigin", settings("updateRequestOrigin", given)); },
    selectRequestOriginById(originId, given) {
      if (typeof originId !== "string") throw new TypeError("cf.selectRequestOriginById takes an origin's id");
      const rest = given === undefined ? {} : settings("selectRequestOriginById", given);
      noted("selectRequestOriginById", {...rest, originId});
    },
    createRequestOriginGroup(given) { noted("createRequestOriginGroup", settings("createRequestOriginGroup", given)); },
    logCustomData(text) {
      if (typeof text !== "string") throw new TypeError("cf.logCustomData takes a string");
      customData = text;
    },
  };
  defineProperty(cloudfront, "edgeLocation", {get() { return edgeLocation; }, enumerable: true});
  defineProperty(cloudfront, "distributionTenant", {
    get() { throw new TypeError("distributionTenant module is not available"); }, enumerable: false,
  });
