// The clock stands still, at the run's start.
  const RealDate = g.Date;
  const FrozenDate = function (year, month, date, hours, minutes, seconds, ms) {
    if (!new.target) return new RealDate(now).toString();
    return construct(RealDate, arguments.length ? arguments : [now], new.target);
  };
  defineProperty(FrozenDate, "name", {value: "Date"});
  defineProperty(FrozenDate, "prototype", {value: RealDate.prototype, writable: false});
  methods(FrozenDate, {now() { return now; }, parse: RealDate.parse, UTC: RealDate.UTC});
  hidden(RealDate.prototype, "constructor", FrozenDate);
  hidden(g, "Date", FrozenDate);
