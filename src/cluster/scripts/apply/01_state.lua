--!df flags=allow-undeclared-keys
-- Applies the operations of one node to the state that all nodes share, and puts the resulting
-- notifications into the inboxes of exactly the nodes concerned. A call is atomic: no node sees half
-- of it, and each inbox has its entries in the order in which the operations were applied.
--
-- KEYS[1]: the prefix of every key; its hash tag keeps all of them on one shard.
-- ARGV[1]: the node, "<process>.<incarnation>". ARGV[2]: how many bytes an inbox may hold.
-- ARGV[3]: the epoch in which the node has joined. ARGV[4…]: operations, a letter and its arguments.
-- Answers "OK" and the answer of the last operation. Otherwise no inbox got anything, unless it is an
-- error that begins with "PARTLY":
--   "GONE"             the other nodes have given the node up, or Redis has lost it
--   "LOST", what       Redis has lost a part of the state: all nodes must report theirs again
--   "LAYOUT", number   there are nodes with another layout of keys
--
-- The work of a call is bounded, however large the state is: what grows with the number of channels
-- or members is done in steps of about WORK_MAX, which the caller requests one by one.
--
-- A "key" names a channel: its kind (c: channel, u: user, w: watched user), the length of the app's
-- id, ":", the id, ":", the name. The keys of Redis, after the prefix and the number of the layout:
--   nodes      zset: node → how many heartbeats it has sent; EXPELLED: it must join again
--   synced     set:  nodes whose state is complete in Redis
--   epoch      text: the name of the state. If a part of that is lost, all of it is given up, and the
--              nodes report theirs under another name
--   e:KEY      text: the cached event of a cache channel; if there is a g:APP, e:, its text, :KEY
--   g:APP      text: when the app was removed the last time: its events of before are not shown
--   i:PROCESS  stream: the inbox
--   w:LETTER   stream: the entries for wide channels of that letter
--   b          hash: process → bytes in its inbox
--   w          hash: letter → the index of that stream's last entry: see count_anew()
--   wb         hash: letter → bytes in that stream
--   p          hash: process → the number up to which it has read all its streams
--   last       text: the number of the last call that added entries
--   h          stream: changes of channels and members for webhooks, each a letter and packed texts
--   hl         text: the process that sends them now
--   hw         hash: app → the letters of the changes that its webhooks want
-- After the name of the state as well:
--   dying      hash: dead node whose state is being removed → how far that has come
--   reaper     text: the node that does the removing now
--   made       set:  which of the following keys must exist ("k…", "r…", "x…", "n:…")
--   k:KIND APP hash: key → the nodes with subscriptions, and how many: "node 2 node 1"; if the channel
--              is wide, "*" and the letter of its stream
--   r:KIND APP hash: key → the nodes of a wide channel, which need not be read to publish to it
--   m:KEY      hash: member → the nodes it is on, a line feed, its info; if it joined on other nodes
--              with another info, a zero byte and the same for that info. The first info is listed.
--   x:APP      hash: node → its connections
--   t          hash: process → the number of its last question for changes
--   n:NODE     set:  the keys that the node has, "x"APP if it has connections of that app, and "-"
-- Without the number: layout, the number itself. Everything expires if no node renews it.
--
-- A channel that many nodes have is wide: what they must receive is put once into a stream that all
-- of them read beside their inboxes. The ids of entries are one order over all streams: the number
-- of the call, and within it the order of putting. A node reads its streams merged in that order.

local LAYOUT = '5'
-- Nodes of a channel from which on it is wide, and down to which it is not any more.
local WIDE_MIN = 8
local NARROW_MAX = 3
local INBOX_TTL_MS = 30000
local LAYOUT_TTL_MS = 15000
local EXPELLED = -1
local STATE_TTL_MS = 86400000
local REAPER_TTL_MS = 3000
local SILENT_MS_OF_LAYOUT_1 = 10000
local ENTRY_BYTES = 32768
local WORK_MAX = 250
local PAGE = 200
local PAGE_MIN = 20
local PAGE_OF_KEYS = 20
local CHANGES_MAX = 65536
local CHANGES_PAGE = 500
local CHANGES_TTL_MS = 5000
local AHEAD = 60000000 -- a minute: what other nodes may know beyond that

local base, self = KEYS[1], ARGV[1]
local prefix = base .. ':' .. LAYOUT
local epoch = ARGV[3]
local state = prefix .. ':' .. epoch
local call = redis.call
local work = 0
local answer = { 'OK' }

-- Whether the answer to XADD says that the ids of the stream are ahead of the number, or that it is none.
local function is_spoilt(text)
    return string.find(text, 'equal or smaller', 1, true) or string.find(text, 'WRONGTYPE', 1, true)
end
