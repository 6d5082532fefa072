/**
 * What has to happen at once on Redis, in Lua. The embedded broker has commands of the same names instead.
 *
 * Scripts read envelopes, but never write them anew: cjson would turn `[]` into `{}` and long numbers into short ones.
 * @module
 */
import { RedisScript } from "../../redis/mod.ts";

/**
 * KEYS: unacked, index, list …  ARGV: now, limit.
 *
 * Takes up to `limit` messages from the right ends of the lists, in the order given, and records each among the
 * unacknowledged as kombu does: a worker that dies at any moment leaves them either in their list or there. They are recorded
 * before they leave their list: a server out of memory refuses the record, and nothing is lost.
 *
 * An envelope as kombu writes it is read by its end, any other as JSON.
 *
 * Returns `[list, tag, envelope]` for each; what is no envelope is removed and has no tag.
 */
export const RESERVE = new RedisScript(
  "Q.RESERVE",
  `
local function quote(text)
  if string.find(text, '[%c"\\\\\\127-\\255]') then return cjson.encode(text) end
  return '"' .. text .. '"'
end

local function facts(properties)
  if type(properties) ~= 'table' then return nil end
  local tag, info = properties['delivery_tag'], properties['delivery_info']
  if type(tag) ~= 'string' or type(info) ~= 'table' then return nil end
  local exchange, key = info['exchange'], info['routing_key']
  if type(exchange) ~= 'string' then exchange = '' end
  if type(key) ~= 'string' then key = '' end
  return tag, quote(exchange), quote(key)
end

local plain = '([^"\\\\%c\\128-\\255]*)'
local usual_end = '[ {]"delivery_info": {"exchange": "' .. plain .. '", "routing_key": "' .. plain ..
  '"}, "priority": %d+, "body_encoding": "base64", "delivery_tag": "' .. plain .. '"}}$'

local function read(envelope)
  local exchange, key, tag = string.match(envelope, usual_end, -250)
  if tag then return tag, '"' .. exchange .. '"', '"' .. key .. '"' end
  local last = string.match(envelope, '^{.*"properties": ({.*})}$')
  if last then
    local readable, properties = pcall(cjson.decode, last)
    if readable and type(properties) == 'table' and properties['delivery_tag'] then return facts(properties) end
  end
  local readable, whole = pcall(cjson.decode, envelope)
  if readable and type(whole) == 'table' then return facts(whole['properties']) end
end

redis.call('HLEN', KEYS[1])
redis.call('ZCARD', KEYS[2])
local taken, left = {}, tonumber(ARGV[2])
for i = 3, #KEYS do
  if left <= 0 then break end
  local waiting = redis.pcall('LRANGE', KEYS[i], -left, -1)
  if waiting['err'] then
    if #taken == 0 then return waiting end
    break
  end
  local records, scores = {}, {}
  for at = #waiting, 1, -1 do
    local envelope = waiting[at]
    local tag, exchange, key = read(envelope)
    if tag then
      records[#records + 1] = tag
      records[#records + 1] = '[' .. envelope .. ', ' .. exchange .. ', ' .. key .. ']'
      scores[#scores + 1] = ARGV[1]
      scores[#scores + 1] = tag
    end
    taken[#taken + 1] = {KEYS[i], tag or false, envelope}
  end
  if #records > 0 then
    redis.call('HSET', KEYS[1], unpack(records))
    redis.call('ZADD', KEYS[2], unpack(scores))
  end
  if #waiting > 0 then redis.call('LTRIM', KEYS[i], 0, -(#waiting + 1)) end
  left = left - #waiting
end
return taken
`.trim(),
);

/**
 * KEYS: unacked, index, list …  ARGV: RPUSH or LPUSH, latest score, then for each message: tag, envelope, number of lists.
 *
 * Puts unacknowledged messages back, each into so many of the lists. One that was settled meanwhile stays settled, and one
 * that was renewed meanwhile, so that its score is later than the latest, stays with who has it.
 *
 * Returns how many went back.
 */
export const REQUEUE = new RedisScript(
  "Q.REQUEUE",
  `
local latest = tonumber(ARGV[2]) or math.huge
local count, list = 0, 3
for i = 3, #ARGV, 3 do
  local tag, envelope, lists = ARGV[i], ARGV[i + 1], tonumber(ARGV[i + 2])
  local score = redis.call('ZSCORE', KEYS[2], tag)
  if not score or tonumber(score) <= latest then
    redis.call('ZREM', KEYS[2], tag)
    if redis.call('HDEL', KEYS[1], tag) == 1 then
      for at = list, list + lists - 1 do redis.call(ARGV[1], KEYS[at], envelope) end
      count = count + 1
    end
  end
  list = list + lists
end
return count
`.trim(),
);

/** KEYS: lock.  ARGV: token. Lets go of a lock that is still ours. */
export const UNLOCK = new RedisScript(
  "Q.UNLOCK",
  `
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0
`.trim(),
);
