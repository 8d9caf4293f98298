/** `protocol.ts` in Lua, so that Redis runs each order in one piece on its own clock; and the beat that says who lives. */

/**
 * KEYS: the record, the fences, the replicas by their last beat, the names of records, the id of this memory.
 * ARGV: name, order, settings, life of a replica in ms, channel, the time in ms for tests, and until when the order counts:
 * one that its sender has given up, since Redis hung, must not work later.
 */
export const DECIDE = `
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
if ARGV[6] and ARGV[6] ~= '' then now = tonumber(ARGV[6]) end
if ARGV[7] and ARGV[7] ~= '' and now > tonumber(ARGV[7]) then return { 'late', '', tostring(now) } end
local name, order, settings = ARGV[1], cjson.decode(ARGV[2]), cjson.decode(ARGV[3])
local function fence() return redis.call('INCR', KEYS[2]) end
local function fresh()
  return { tag = 'closed', epoch = 0, run = 0, by = ',', sinceMs = 0, untilMs = 0, successes = 0, lease = 0, leaseUntilMs = 0, reason = '', author = '' }
end
local kept = redis.call('GET', KEYS[1])
local record = kept and cjson.decode(kept) or fresh()

local function openedRecord(reason)
  local since = record.tag == 'closed' and now or record.sinceMs
  local next = fresh()
  next.tag, next.epoch, next.sinceMs, next.untilMs, next.reason = 'open', fence(), since, now + settings.recoveryMs, reason
  return next
end
local function closedRecord(reason, author)
  if record.tag == 'closed' then
    record.run, record.by = 0, ','
    return record
  end
  local next = fresh()
  next.epoch, next.reason, next.author = fence(), reason, author
  return next
end

local reply = 'done'
if order.type == 'failed' then
  if record.tag == 'closed' then
    if not string.find(record.by, ',' .. order.replica .. ',', 1, true) then record.by = record.by .. order.replica .. ',' end
    record.run = record.run + 1
    local _, commas = string.gsub(record.by, ',', '')
    local live = order.liveReplicas or redis.call('ZCOUNT', KEYS[3], now - tonumber(ARGV[4]), '+inf')
    if record.run >= settings.threshold and commas - 1 >= math.floor(live / 2) + 1 then record = openedRecord(order.reason) end
  end
elseif order.type == 'answered' then
  if record.tag == 'closed' then record.run, record.by = 0, ',' end
elseif order.type == 'lease' then
  local early = record.tag ~= 'half_open' and (record.untilMs < 0 or now < record.untilMs)
  if record.tag == 'closed' then reply = 'unknown'
  elseif early or (record.lease ~= 0 and now < record.leaseUntilMs) then reply = 'busy'
  else
    local given = fence()
    if record.tag ~= 'half_open' then record.epoch = given end
    record.tag, record.lease, record.leaseUntilMs, reply = 'half_open', given, now + order.leaseMs, given
  end
elseif order.type == 'probe' then
  if record.lease == order.lease then
    if order.outcome == 'bad' then record = openedRecord(order.reason)
    else
      local successes = record.successes + (order.outcome == 'good' and 1 or 0)
      if order.outcome == 'good' and successes >= settings.successThreshold then
        record = closedRecord(string.format('%d probes in a row were answered', successes), '')
      else
        record.successes, record.lease, record.leaseUntilMs = successes, 0, 0
      end
    end
  end
elseif order.type == 'isolate' and order.again and record.epoch ~= 0 then
  reply = 'done'
elseif order.type == 'isolate' then
  local since = record.tag == 'closed' and now or record.sinceMs
  record = fresh()
  record.tag, record.epoch, record.sinceMs, record.reason, record.author = 'isolated', fence(), since, order.reason, order.author
  record.untilMs = order.forMs < 0 and -1 or now + order.forMs
elseif order.epoch == 0 or order.epoch == record.epoch then
  record = closedRecord(order.reason, order.author)
end

local text = cjson.encode(record)
if text ~= kept then
  redis.call('SET', KEYS[1], text)
  -- What is closed is kept until every replica has surely heard of it; what is not, until it is.
  if record.tag == 'closed' then redis.call('PEXPIRE', KEYS[1], 600000) end
  redis.call('SADD', KEYS[4], name)
  local born = redis.call('GET', KEYS[5]) or ''
  redis.call('PUBLISH', ARGV[5], cjson.encode({ born = born, nowMs = now, records = { { name = name, record = record } } }))
end
return { reply, text, tostring(now) }
`;

/** KEYS: the replicas, the names of records, the id of this memory. ARGV: replica, its life in ms, an id to be born with, the records' prefix. */
export const BEAT = `
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
redis.call('ZADD', KEYS[1], now, ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - tonumber(ARGV[2]))
redis.call('SET', KEYS[3], ARGV[3], 'NX')
local records = {}
for _, name in ipairs(redis.call('SMEMBERS', KEYS[2])) do
  local kept = redis.call('GET', ARGV[4] .. name)
  if kept then records[#records + 1] = { name = name, record = cjson.decode(kept) }
  else redis.call('SREM', KEYS[2], name) end
end
local answer = { born = redis.call('GET', KEYS[3]), nowMs = now }
if #records > 0 then answer.records = records end
return cjson.encode(answer)
`;
