-- Shows captures of `qres run --pcap` in Wireshark and tshark: what stands in front of a frame, the
-- frame's header, messages in one fragment or several. docs/captures.md says how to use it.

local front = Proto("qres", "QRES simulated air")
local air = Proto("qres_air", "QRES frame")

local KINDS = {
    [0] = "Update", "Poll", "Beacon", "Grant", "Relay", "Offer", "Request", "Digest", "Summary",
    "Summary request", "Sum", "Stream", "Policy", "Call", "Opinions", "Audit",
}
local REGIMES = { [0] = "Calm", "PreStorm", "Storm" }
local FATES = {
    "delivered", "faded", "collided", "asleep", "cut", "jammed", "dropped", "corrupted", "repeated",
    "delayed",
}
local EVERYBODY = 0xFFFFFFFF

local f = front.fields
f.version = ProtoField.uint8("qres.version", "Version")
f.length = ProtoField.uint8("qres.front_length", "Length", base.DEC)
f.answer = ProtoField.bool("qres.answer", "Answer in a service period", 8, nil, 0x01)
f.tick = ProtoField.uint64("qres.tick", "Tick")
f.start = ProtoField.uint32("qres.start_us", "Start in the tick (us)")
f.airtime = ProtoField.uint32("qres.airtime_us", "Time on the air (us)")
f.sender = ProtoField.uint32("qres.sender", "Transmitter")
f.receiver = ProtoField.uint32("qres.receiver", "Receiver")
f.broadcast = ProtoField.bool("qres.broadcast", "To everybody in range")
for _, fate in ipairs(FATES) do
    f[fate] = ProtoField.uint16("qres.fate." .. fate, "Receivers: " .. fate)
end

local a = air.fields
a.version = ProtoField.uint8("qres_air.version", "Version", base.DEC, nil, 0xF0)
a.kind = ProtoField.uint8("qres_air.kind", "Kind", base.DEC, KINDS, 0x0F)
a.round = ProtoField.uint8("qres_air.round", "Round (low 8 bits)")
a.index = ProtoField.uint8("qres_air.index", "Fragment")
a.count = ProtoField.uint8("qres_air.count", "Fragments")
a.sender = ProtoField.uint32("qres_air.sender", "Sender")
a.crc = ProtoField.uint32("qres_air.crc", "CRC-32", base.HEX)
a.crc_good = ProtoField.bool("qres_air.crc_good", "CRC is good")
a.payload = ProtoField.bytes("qres_air.payload", "Payload")
a.whole = ProtoField.bytes("qres_air.message", "Whole message")
a.whole_good = ProtoField.bool("qres_air.message_crc_good", "CRC of the whole message is good")
a.to = ProtoField.uint32("qres_air.to", "To")
a.regime = ProtoField.uint8("qres_air.update.regime", "Regime claimed", base.DEC, REGIMES, 0x03)
a.polls = ProtoField.bool("qres_air.update.polls", "Polls", 8, nil, 0x04)
a.block = ProtoField.bool("qres_air.update.block", "Weights as a block", 8, nil, 0x08)
a.group = ProtoField.uint8("qres_air.update.group", "Group")
a.taps = ProtoField.uint8("qres_air.update.taps", "Weights")
a.update_round = ProtoField.uint32("qres_air.update.round", "Round")
a.gene = ProtoField.uint32("qres_air.gene", "Gene", base.HEX)
a.weight = ProtoField.double("qres_air.update.weight", "Weight")
a.origin = ProtoField.uint32("qres_air.relay.origin", "Origin")
a.emergency = ProtoField.bool("qres_air.emergency", "Emergency")
a.standing = ProtoField.double("qres_air.grant.standing", "Standing")
a.gain = ProtoField.uint8("qres_air.offer.gain", "Gain (%)")
a.body = ProtoField.bytes("qres_air.body", "Rest")

local damaged = ProtoExpert.new("qres_air.damaged", "A checksum does not fit", expert.group.CHECKSUM,
    expert.severity.WARN)
local short = ProtoExpert.new("qres_air.short", "The message is too short for its kind",
    expert.group.MALFORMED, expert.severity.ERROR)
air.experts = { damaged, short }

-- CRC-32/ISO-HDLC, a table of 256 made once.
local crc_table = {}
for n = 0, 255 do
    local c = n
    for _ = 1, 8 do
        local low = bit.band(c, 1)
        c = bit.rshift(c, 1)
        if low == 1 then c = bit.bxor(c, 0xEDB88320) end
    end
    crc_table[n] = c
end

local function crc32(bytes)
    local c = bit.bnot(0)
    for at = 0, bytes:len() - 1 do
        c = bit.bxor(bit.rshift(c, 8), crc_table[bit.band(bit.bxor(c, bytes:get_index(at)), 0xFF)])
    end
    return bit.bnot(c) % 0x100000000
end

local function word(bytes, at)
    local value = 0
    for place = 3, 0, -1 do value = value * 256 + bytes:get_index(at + place) end
    return value
end

local function fixed(range)
    return range:le_int() / 65536
end

-- An update from byte `at` on.
local function update(tree, buf, at)
    local flags = buf(at, 1)
    tree:add(a.regime, flags)
    tree:add(a.polls, flags)
    tree:add(a.block, flags)
    tree:add(a.group, buf(at + 1, 1))
    tree:add(a.taps, buf(at + 2, 1))
    tree:add_le(a.update_round, buf(at + 4, 4))
    tree:add_le(a.gene, buf(at + 8, 4))
    local taps, from, rest = buf(at + 2, 1):uint(), at + 12, at + 12
    if bit.band(flags:uint(), 8) ~= 0 then
        local unit = 2 ^ buf(from, 1):int()
        for n = 0, taps - 1 do
            local place = buf(from + 1 + 2 * n, 2)
            tree:add(a.weight, place, place:int() * unit)
        end
        rest = from + 1 + 2 * taps
    else
        for n = 0, taps - 1 do
            local place = buf(from + 4 * n, 4)
            tree:add(a.weight, place, fixed(place))
        end
        rest = from + 4 * taps
    end
    return rest
end

local TO = { [1] = true, [3] = true, [4] = true, [5] = true, [6] = true, [8] = true, [9] = true,
    [10] = true, [11] = true, [13] = true }

-- A whole message of `kind`.
local function message(tree, buf, kind)
    local at = 0
    if TO[kind] then
        tree:add_le(a.to, buf(0, 4))
        at = 4
    end
    if kind == 0 then
        at = update(tree, buf, 0)
    elseif kind == 2 then
        tree:add(a.emergency, buf(0, 1))
        at = 1
    elseif kind == 3 then
        tree:add(a.standing, buf(4, 4), fixed(buf(4, 4)))
        tree:add(a.emergency, buf(8, 1))
        at = 9
    elseif kind == 4 then
        tree:add_le(a.origin, buf(4, 4))
        at = update(tree, buf, 8)
    elseif kind == 5 then
        tree:add(a.gain, buf(4, 1))
        at = 5
    elseif kind == 6 or kind == 8 then
        tree:add_le(a.gene, buf(4, 4))
        at = 8
    elseif kind == 7 then
        tree:add_le(a.gene, buf(0, 4))
        at = 4
    elseif kind == 15 and buf(0, 1):uint() <= 2 then
        tree:add_le(a.to, buf(1, 4))
        at = 5
    end
    if at < buf:len() then tree:add(a.body, buf(at)) end
end

-- Messages in fragments: what has come of each so far, and those that are whole by frame number.
local waiting, whole = {}, {}

function front.init()
    waiting, whole = {}, {}
end

local function gather(pinfo, key, index, count, payload)
    if pinfo.visited then return whole[pinfo.number] end
    if index == 0 then waiting[key] = { next = 0, bytes = ByteArray.new() } end
    local so_far = waiting[key]
    if not so_far or so_far.next ~= index then
        waiting[key] = nil
        return nil
    end
    so_far.bytes:append(payload:bytes())
    so_far.next = index + 1
    if so_far.next < count then return nil end
    waiting[key] = nil
    whole[pinfo.number] = so_far.bytes
    return so_far.bytes
end

local function try(tree, buf, kind)
    if not pcall(message, tree, buf, kind) then tree:add_proto_expert_info(short) end
end

function air.dissector(buf, pinfo, root)
    local tree = root:add(air, buf())
    if buf:len() < 12 then
        tree:add_proto_expert_info(short)
        return
    end
    local kind = bit.band(buf(0, 1):uint(), 15)
    local index, count = buf(2, 1):uint(), buf(3, 1):uint()
    local name = KINDS[kind]
    tree:append_text(", " .. name)
    tree:add(a.version, buf(0, 1))
    tree:add(a.kind, buf(0, 1))
    tree:add(a.round, buf(1, 1))
    tree:add(a.index, buf(2, 1))
    tree:add(a.count, buf(3, 1))
    tree:add_le(a.sender, buf(4, 4))
    tree:add_le(a.crc, buf(8, 4))
    local covered = buf(0, 8):bytes()
    if buf:len() > 12 then covered:append(buf(12):bytes()) end
    local good = crc32(covered) == buf(8, 4):le_uint()
    tree:add(a.crc_good, good):set_generated()
    if not good then tree:add_proto_expert_info(damaged) end
    local info = name
    if buf:len() > 12 then
        local payload = buf(12)
        tree:add(a.payload, payload)
        if count == 1 then
            try(tree:add(air, payload, name), payload:tvb(), kind)
        else
            info = string.format("%s, fragment %d of %d", name, index + 1, count)
            local key = table.concat({ buf(4, 4):le_uint(), buf(1, 1):uint(), kind, count }, " ")
            local bytes = gather(pinfo, key, index, count, payload)
            if bytes and bytes:len() > 4 then
                local body = bytes:subset(0, bytes:len() - 4)
                local tvb = body:tvb("Whole message")
                local part = tree:add(air, tvb(), name .. ", whole")
                part:add(a.whole, tvb())
                local fits = crc32(body) == word(bytes, bytes:len() - 4)
                part:add(a.whole_good, fits):set_generated()
                if not fits then part:add_proto_expert_info(damaged) end
                try(part, tvb, kind)
            end
        end
    end
    pinfo.cols.info = info
end

function front.dissector(buf, pinfo, root)
    if buf:len() < 48 or buf(0, 1):uint() ~= 1 then return 0 end
    local length = buf(1, 1):uint()
    local tree = root:add(front, buf(0, length))
    tree:add(f.version, buf(0, 1))
    tree:add(f.length, buf(1, 1))
    tree:add(f.answer, buf(2, 1))
    tree:add_le(f.tick, buf(4, 8))
    tree:add_le(f.start, buf(12, 4))
    tree:add_le(f.airtime, buf(16, 4))
    tree:add_le(f.sender, buf(20, 4))
    local receiver = buf(24, 4):le_uint()
    if receiver == EVERYBODY then
        tree:add(f.broadcast, buf(24, 4), true)
    else
        tree:add(f.broadcast, buf(24, 4), false)
        tree:add_le(f.receiver, buf(24, 4))
    end
    local said = {}
    for n, fate in ipairs(FATES) do
        local place = buf(26 + 2 * n, 2)
        tree:add_le(f[fate], place)
        local count = place:le_uint()
        if count > 0 then said[#said + 1] = fate .. " " .. count end
    end
    pinfo.cols.protocol = "QRES"
    pinfo.cols.src = tostring(buf(20, 4):le_uint())
    pinfo.cols.dst = receiver == EVERYBODY and "all" or tostring(receiver)
    air.dissector(buf(length):tvb(), pinfo, root)
    if #said > 0 then pinfo.cols.info:append(" (" .. table.concat(said, ", ") .. ")") end
    return buf:len()
end

DissectorTable.get("wtap_encap"):add(wtap.USER0, front)
