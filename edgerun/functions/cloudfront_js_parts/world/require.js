// require(): the modules that there are add themselves.
  const once = (make) => { let made; return () => made || (made = make()); };
  hidden(g, "require", function require(name) {
    const load = modules["" + name];
    if (!load) throw new Error('Cannot find module "' + name + '"');
    return load();
  });
