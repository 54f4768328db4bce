#!/usr/bin/env python3
"""A host for one board, written from docs/link.md alone with Python's standard library.

    docs/link_client.py vectors tests/vectors/link.txt    check framing against the vectors
    docs/link_client.py LINE [TICKS]                      greet, be node 7, do some ticks

It sends a neighbour's update in some ticks and prints what the board says. It exits with 1 when the
board breaks a rule of the text. Simulation, digests and signatures are not its business.
"""
import os, select, struct, sys, termios, time, tty, zlib
# --- frames: sequence, message, CRC-32, stuffed, a zero byte --------------------------------------
def stuff(body):
    out, block = bytearray(), bytearray()
    for byte in body:
        if byte:
            block.append(byte)
        if not byte or len(block) == 254:
            out += bytes([len(block) + 1]) + block
            block = bytearray()
    return bytes(out + bytes([len(block) + 1]) + block)

def unstuff(data):
    out, place = bytearray(), 0
    while place < len(data):
        code = data[place]
        if not code or place + code > len(data):
            return None
        out += data[place + 1:place + code]
        place += code
        if code < 255 and place < len(data):
            out.append(0)
    return bytes(out)

def frame(sequence, message):
    body = struct.pack('<H', sequence) + message
    return stuff(body + struct.pack('<I', zlib.crc32(body))) + b'\0'

def unframe(data):
    """Sequence and message of what stood between two zeros; None if it is no frame."""
    body = unstuff(data)
    if body is None or not 7 <= len(body) <= 246:
        return None
    if zlib.crc32(body[:-4]) != struct.unpack('<I', body[-4:])[0]:
        return None
    return struct.unpack('<H', body[:2])[0], body[2:-4]

# --- messages: the kind, then the fields in order -------------------------------------------------
def number(value):
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes(out + bytes([value]))

def signed(value): return number(value << 1 if value >= 0 else (-value << 1) - 1)
def blob(data): return number(len(data)) + data

class Fields:
    """Reads a message from front to back."""

    def __init__(self, data):
        self.data, self.place = data, 0

    def raw(self, count):
        piece = self.data[self.place:self.place + count]
        assert len(piece) == count, 'the message is too short'
        self.place += count
        return piece

    def byte(self): return self.raw(1)[0]
    def blob(self): return self.raw(self.number())
    def option(self, field): return field() if self.byte() else None

    def number(self):
        value = shift = 0
        while True:
            byte = self.byte()
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    def signed(self):
        value = self.number()
        return value >> 1 if value % 2 == 0 else -(value + 1 >> 1)

HELLO, POST, HEAR, TICK, PING = 0, 2, 4, 5, 6
GREETING, READY, SAY, TICKED, PONG, NACK = 10, 12, 13, 14, 16, 19
NODE, NEIGHBOUR = 7, 9

class Line:
    def __init__(self, path):
        self.port = os.open(path, os.O_RDWR | os.O_NOCTTY)
        tty.setraw(self.port, termios.TCSANOW)
        self.sequence, self.rest = 0, b''
        os.write(self.port, b'\0')

    def send(self, message):
        os.write(self.port, frame(self.sequence, message))
        self.sequence = self.sequence + 1 & 0xFFFF

    def messages(self, seconds):
        """Kind and fields of each message that comes in that time."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            if select.select([self.port], [], [], left)[0]:
                *whole, self.rest = (self.rest + os.read(self.port, 4096)).split(b'\0')
                for arrived in filter(None, map(unframe, whole)):
                    fields = Fields(arrived[1])
                    yield fields.number(), fields

    def ask(self, *messages, answer, skip=lambda fields: False):
        """Says this until the answer comes, five times at most; what came before it, and it."""
        for _ in range(5):
            for message in messages:
                self.send(message)
            before = []
            for kind, fields in self.messages(2):
                if kind == NACK:
                    raise SystemExit(f'refused: frame {fields.number()}, reason {fields.byte()}')
                if kind == answer and not skip(fields):
                    return before, fields
                before.append((kind, fields))
        raise SystemExit('the board does not answer')

def update(tick):
    """An update of node 9 as on the air, as docs/protocol.md has it: a header, then a model."""
    model = struct.pack('<4B2I4i', 0, 0, 4, 0, tick, 1, 1 << 15, 0, tick << 8, -1 << 14)
    head = bytes([0x10, tick & 255, 0, 1]) + struct.pack('<I', NEIGHBOUR)
    return head + struct.pack('<I', zlib.crc32(head + model)) + model

def ticked(fields):
    result = {'tick': fields.number(), 'raw': fields.option(fields.signed)}
    result['sample'] = fields.option(fields.signed)
    result['heard'], result['crc'], result['said'] = fields.byte(), fields.number(), fields.byte()
    result['digest'], result['sections'] = fields.raw(32).hex(), fields.raw(24).hex()
    result['regime'], result['browned out'] = fields.byte(), fields.byte()
    for name in 'energy uJ', 'awake us', 'rounds':
        result[name] = fields.number()
    result['weights'] = [fields.signed() for _ in range(8)]
    result['work us'] = fields.number()
    assert fields.place == len(fields.data), 'Ticked is longer than the text says'
    return result

def drive(path, ticks):
    line = Line(path)
    nonce = 1234567890
    hello = number(HELLO) + number(1) + number(1) + number(nonce)
    wrong = lambda fields: fields.number() != 1 or fields.number() != nonce
    _, fields = line.ask(hello, answer=GREETING, skip=wrong)
    key, proof = fields.raw(32), fields.blob()
    capabilities, profile, build = fields.number(), fields.blob(), fields.blob()
    room, inbox = fields.byte(), fields.byte()
    print(f'{profile.decode()}, {build.decode()}, key {key.hex()[:16]}.., proof of {len(proof)} '
          f'bytes, capabilities {capabilities}, {room} neighbours, {inbox} frames a tick')
    post = number(POST) + number(NODE) + bytes([0, 0]) + number(0xFFFFFFFF) + number(0)
    post += number(0) + number(0) + number(0) + number(0) + number(1) + number(NEIGHBOUR)
    _, fields = line.ask(post, answer=READY)
    assert fields.number() == 0, 'a new node stands before tick 0'
    print(f'node {NODE}: {fields.raw(32).hex()}')
    _, fields = line.ask(number(PING) + number(5), answer=PONG)
    assert fields.number() == 5, 'a pong repeats the ping'
    print(f'clock of the board: {fields.number()} us')
    spoken = 0
    for tick in range(ticks):
        sent = [update(tick)] if tick % 3 == 2 else []
        disturbance = 3 << 16 if tick % 8 == 7 else 0
        hears = [number(HEAR) + number(tick) + bytes([index]) + number(250_000) + blob(data)
                 for index, data in enumerate(sent)]
        order = number(TICK) + number(tick) + number(0) + signed(disturbance)
        order += bytes([9]) + number(0) + bytes([len(sent)])
        before, fields = line.ask(*hears, order, answer=TICKED)
        did, said = ticked(fields), [fields for kind, fields in before if kind == SAY]
        assert did['tick'] == tick and did['heard'] == len(sent)
        assert did['crc'] == zlib.crc32(b''.join(sent)), 'it heard what was sent'
        assert did['said'] == len(said), 'as many Says as Ticked names'
        assert did['sample'] == did['raw'] + disturbance, 'the disturbance is added'
        spoken += len(said)
        print(f"tick {tick}: sample {did['sample'] / 65536:.3f}, said {len(said)}, "
              f"digest {did['digest'][:16]}.., {did['work us']} us")
    assert spoken or ticks < 60, 'a new node speaks each half minute'
    print(f'{ticks} ticks, {spoken} messages, all as the text says')

def vectors(path):
    rows = [row.split() for row in open(path) if not row.startswith('#')]
    for name, sequence, message, line in rows:
        message, line = bytes.fromhex(message), bytes.fromhex(line)
        assert frame(int(sequence), message) == line, name
        assert unframe(line[:-1]) == (int(sequence), message), name
    did = ticked(Fields(bytes.fromhex(next(row[2] for row in rows if row[0] == 'ticked'))[1:]))
    assert did['weights'][6] == -1 << 31 and did['sample'] is None and did['tick'] == 300
    print(f'{len(rows)} vectors agree')

if __name__ == '__main__':
    if len(sys.argv) == 3 and sys.argv[1] == 'vectors':
        vectors(sys.argv[2])
    elif len(sys.argv) in (2, 3):
        drive(sys.argv[1], int(sys.argv[2]) if len(sys.argv) == 3 else 20)
    else:
        raise SystemExit(__doc__)
