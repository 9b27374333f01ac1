// require('querystring')
  const {URIError} = g;
  modules.querystring = once(() => {
    const lenient = (text) => {
      try { return decodeURIComponent(text); } catch (_) {}
      let bytes = "";
      for (let n = 0; n < text.length; n += 1) {
        const digits = text[n] === "%" ? text.substr(n + 1, 2) : "";
        if (/^[0-9a-fA-F]{2}$/.test(digits)) { bytes += fromCharCode(Number("0x" + digits)); n += 2; }
        else bytes += unescape(encodeURIComponent(apply(toWellFormed, text[n], [])));
      }
      return utf8Text(fromBinary(bytes));
    };
    const strict = (text) => {
      const whole = apply(toWellFormed, text, []);
      if (whole !== text) throw new URIError("malformed URI");
      return encodeURIComponent(text);
    };
    const plain = (value) => {
      if (typeof value === "string") return value;
      if (typeof value === "number" && value - value === 0) return "" + value;
      return typeof value === "boolean" ? "" + value : "";
    };
    const put = (found, name, value) => {
      const there = Object.prototype.hasOwnProperty.call(found, name);
      if (!there) defineProperty(found, name, {value, writable: true, enumerable: true, configurable: true});
      else if (isArray(found[name])) found[name].push(value);
      else found[name] = [found[name], value];
    };
    const querystring = {
      parse(text, separator, equals, options) {
        const found = {};
        if (typeof text !== "string" || !text) return found;
        const sign = equals ? "" + equals : "=";
        const most = options && typeof options.maxKeys === "number" ? options.maxKeys : 1000;
        const given = options && typeof options.decodeURIComponent === "function" ? options.decodeURIComponent : 0;
        const decode = given || querystring.unescape;
        const pairs = text.split(separator ? "" + separator : "&");
        const count = most > 0 && most < pairs.length ? most : pairs.length;
        for (let n = 0; n < count; n += 1) {
          const pair = pairs[n];
          if (!pair) continue;
          const at = pair.indexOf(sign);
          const name = at < 0 ? pair : pair.slice(0, at);
          const value = at < 0 ? "" : pair.slice(at + sign.length);
          put(found, decode(name.replace(/\+/g, " ")), decode(value.replace(/\+/g, " ")));
        }
        return found;
      },
      stringify(object, separator, equals, options) {
        if (typeof object !== "object" || object === null) return "";
        const between = separator ? "" + separator : "&";
        const sign = equals ? "" + equals : "=";
        const given = options && typeof options.encodeURIComponent === "function" ? options.encodeURIComponent : 0;
        const encode = given || querystring.escape;
        const pairs = [];
        for (const name of keys(object)) {
          const values = isArray(object[name]) ? object[name] : [object[name]];
          for (const value of values) pairs.push(encode(name) + sign + encode(plain(value)));
        }
        return pairs.join(between);
      },
      escape(text) { return strict("" + text); },
      unescape(text) { return lenient("" + text); },
    };
    querystring.decode = querystring.parse;
    querystring.encode = querystring.stringify;
    return querystring;
  });
