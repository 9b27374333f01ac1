"""What edgerun has Redis do in one step, and the names of its keys there.

All keys begin alike, with the namespace in braces, so that they lie together. Per namespace:

- `meta`: a hash of the epoch (another one: the data was lost), the generation, up to which generation
  invalidations have been carried out, the bytes in use, the tick of the last use;
- `entry:DIGEST`: a record; `chunk:NAME:N`: a large body piece by piece;
- `places`: a hash of what eviction and invalidations have to know of each entry: its size, chunks, their name,
  its generation, and the front of its record;
- `recency`, `expiry`: digests by the tick of their last use, and by when they leave by themselves;
- `purges`: the last invalidations, `GENERATION ITEM`; `news`: the channel.
"""

from typing import Final

from edgerun.cache.invalidation import PURGES_REMEMBERED

KINDS: Final = ("meta", "places", "recency", "expiry", "purges", "news")
GRACE: Final = 60
"""Seconds for which the pieces of a body stay, so that those who read it can go on."""
UNFINISHED: Final = 600
"""Seconds for which pieces stay that no entry refers to yet."""
EVICTED_AT_ONCE: Final = 100

_COMMON: Final = f"""
local meta, places, recency, expiry, purges, news = unpack(KEYS)
local prefix = string.sub(meta, 1, -5)
local function remove(digest)
  local place = redis.call('HGET', places, digest)
  if not place then return false end
  local size, chunks, name = string.match(place, '^(%d+) (%d+) (%S+) ')
  redis.call('UNLINK', prefix .. 'entry:' .. digest)
  for n = 0, tonumber(chunks) - 1 do
    redis.call('PEXPIRE', prefix .. 'chunk:' .. name .. ':' .. n, {GRACE * 1000})
  end
  redis.call('HDEL', places, digest)
  redis.call('ZREM', recency, digest)
  redis.call('ZREM', expiry, digest)
  redis.call('HINCRBY', meta, 'used', -tonumber(size))
  return true
end
local function tell(changed)
  if #changed > 0 then redis.call('PUBLISH', news, 'k' .. table.concat(changed)) end
end
"""

# A server that is full takes invalidations all the same: so say its flags, from Redis 7 on.
_ALWAYS: Final = "#!lua flags=allow-oom\n" + _COMMON

# epoch if there is none -> epoch, generation, swept, purges
MEET: Final = (
    _ALWAYS
    + """
redis.call('HSETNX', meta, 'epoch', ARGV[1])
local told = redis.call('HMGET', meta, 'epoch', 'generation', 'swept')
return {told[1], tonumber(told[2] or 0), tonumber(told[3] or 0), redis.call('LRANGE', purges, 0, -1)}
"""
)

# digest -> record, epoch, generation, swept, as they are at one moment
GET: Final = (
    "#!lua flags=no-writes,allow-oom\n"
    + _COMMON
    + """
local told = redis.call('HMGET', meta, 'epoch', 'generation', 'swept')
return {redis.call('GET', prefix .. 'entry:' .. ARGV[1]), told[1], tonumber(told[2] or 0), tonumber(told[3] or 0)}
"""
)

# epoch, generation, digest, record, size, seconds, chunks, name, limit, front -> what became of it, digests that left
PUT: Final = (
    _COMMON
    + f"""
local epoch, generation, digest, record = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local size, seconds, chunks, name, limit = ARGV[5], ARGV[6], ARGV[7], ARGV[8], tonumber(ARGV[9])
local told = redis.call('HMGET', meta, 'epoch', 'generation')
if told[1] ~= epoch or (told[2] or '0') ~= generation then return {{'behind', {{}}}} end
for n = 0, tonumber(chunks) - 1 do
  if redis.call('EXPIRE', prefix .. 'chunk:' .. name .. ':' .. n, seconds) == 0 then return {{'gone', {{}}}} end
end
local before = redis.call('HGET', places, digest)
if before then
  local old = string.match(before, '^%d+ %d+ (%S+) ')
  if old == name then
    redis.call('HINCRBY', meta, 'used', -tonumber(string.match(before, '^(%d+) ')))
  else
    remove(digest)
  end
end
redis.call('SET', prefix .. 'entry:' .. digest, record, 'EX', seconds)
redis.call('HSET', places, digest, size .. ' ' .. chunks .. ' ' .. name .. ' ' .. generation .. ' ' .. ARGV[10])
redis.call('ZADD', recency, redis.call('HINCRBY', meta, 'tick', 1), digest)
local now = tonumber(redis.call('TIME')[1])
redis.call('ZADD', expiry, now + tonumber(seconds), digest)
local used = redis.call('HINCRBY', meta, 'used', size)
local changed = {{digest}}
local function leave(gone)
  if remove(gone) then table.insert(changed, gone) else redis.call('ZREM', recency, gone) end
end
local expired = redis.call('ZRANGEBYSCORE', expiry, '-inf', now, 'LIMIT', 0, {EVICTED_AT_ONCE})
for _, gone in ipairs(expired) do leave(gone) end
while tonumber(redis.call('HGET', meta, 'used')) > limit do
  local oldest = redis.call('ZRANGE', recency, 0, 0)
  if #oldest == 0 then redis.call('HSET', meta, 'used', 0) break end
  leave(oldest[1])
end
tell(changed)
return {{'kept', changed}}
"""
)

# digests -> nothing
TOUCH: Final = (
    _ALWAYS
    + """
for _, digest in ipairs(ARGV) do
  if redis.call('ZSCORE', recency, digest) then
    redis.call('ZADD', recency, redis.call('HINCRBY', meta, 'tick', 1), digest)
  end
end
"""
)

# pairs of digest and the generation before which it must have been kept, 0 for any -> digests that left
DROP: Final = (
    _ALWAYS
    + """
local changed = {}
for n = 1, #ARGV, 2 do
  local place, before = redis.call('HGET', places, ARGV[n]), tonumber(ARGV[n + 1])
  if place and (before == 0 or tonumber(string.match(place, '^%d+ %d+ %S+ (%d+) ')) < before) and remove(ARGV[n]) then
    table.insert(changed, ARGV[n])
  end
end
tell(changed)
return changed
"""
)

# item -> generation
PURGE: Final = (
    _ALWAYS
    + f"""
local generation = redis.call('HINCRBY', meta, 'generation', 1)
redis.call('RPUSH', purges, generation .. ' ' .. ARGV[1])
redis.call('LTRIM', purges, -{PURGES_REMEMBERED}, -1)
redis.call('PUBLISH', news, 'p' .. generation .. ' ' .. ARGV[1])
return generation
"""
)

# generation -> nothing
SWEPT: Final = (
    _ALWAYS
    + """
local before = tonumber(redis.call('HGET', meta, 'swept') or 0)
if tonumber(ARGV[1]) > before then redis.call('HSET', meta, 'swept', ARGV[1]) end
"""
)

ALL: Final = (MEET, GET, PUT, TOUCH, DROP, PURGE, SWEPT)
