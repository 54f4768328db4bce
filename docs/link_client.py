#!/usr/bin/env python3
"""A host for one board, written from docs/link.md and docs/canonical.md alone, in standard Python.

    docs/link_client.py vectors tests/vectors/link.txt    check every message against the vectors
    docs/link_client.py LINE [TICKS]                      say everything that a host can say

It greets, loads a configuration, is refused what is wrong, does ticks with and without a rehearsal,
moves a node by its state, and sets it free. It exits with 1 when the board breaks a rule of the
text. Simulation and signatures are not its business.
"""
import os, re, select, struct, sys, termios, time, tty, zlib
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
# u8: a byte; n: number; z: signed; blob: bytes or text; list: numbers; xN: N bytes; ?: or none.
KINDS = [line.split() for line in '''
    Hello oldest:n newest:n nonce:n
    Load area:n offset:n bytes:blob
    Post node:n group:u8 role:u8 sentinel:n first_us:n join:n length:n crc:n free_ms:n peers:list
    Restore tick:n
    Hear tick:n index:u8 at_us:n frame:blob
    Tick tick:n sample:sample disturbance:z storm:u8 harvest_uw:n heard:u8
    Ping host_us:n
    Fetch offset:n
    Release
    Restart
    Greeting version:n nonce:n key:x32 proof:blob can:n profile:blob build:blob room:u8 inbox:u8 next:n?
    Loaded area:n length:n
    Ready tick:n digest:x32 free:u8
    Say tick:n index:u8 at_us:n frame:blob
    Ticked tick:n raw:z? sample:z? heard:u8 crc:n said:u8 digest:x32 sections:x24 regime:u8 dark:u8 \
        energy_uj:n awake_us:n rounds:n w0:z w1:z w2:z w3:z w4:z w5:z w6:z w7:z work_us:n
    Missed asked:n next:n
    Pong host_us:n board_us:n
    Part tick:n total:n offset:n bytes:blob
    Log level:n text:blob
    Nack sequence:n why:reason
    Beat board_us:n next:n? free:u8 taken:n damaged:n lost:n stack:n
    Rehearse tick:n senses:u8 offset:z gain:z pivot:z storm:u8 harvest_uw:n
    Rehearsed tick:n raw:z? said:u8'''.replace('\\\n', '').strip().split('\n')]
NAMES = [kind[0] for kind in KINDS]
FIELDS = {kind[0]: [field.split(':') for field in kind[1:]] for kind in KINDS}
CHOICES = {'sample': ['', 'z', ''], 'reason': ['', '', '', '', '', 'u8', 'n', '', '']}

def put(kind, value):
    if kind in CHOICES:
        case, *rest = value
        return put('n', case) + b''.join(put(CHOICES[kind][case], one) for one in rest)
    if kind.endswith('?'):
        return b'\0' if value is None else b'\1' + put(kind[:-1], value)
    if kind == 'z':
        return put('n', value << 1 if value >= 0 else (-value << 1) - 1)
    if kind == 'n':
        return bytes([value]) if value < 128 else bytes([value & 127 | 128]) + put('n', value >> 7)
    if kind == 'list':
        return put('n', len(value)) + b''.join(put('n', one) for one in value)
    if kind == 'blob':
        return put('n', len(value)) + value
    return bytes([value]) if kind == 'u8' else value

def get(kind, data):
    """A value, and what is behind it."""
    if kind in CHOICES:
        case, data = get('n', data)
        field = CHOICES[kind][case]
        value, data = get(field, data) if field else (None, data)
        return ((case, value) if field else (case,)), data
    if kind.endswith('?'):
        return get(kind[:-1], data[1:]) if data[0] else (None, data[1:])
    if kind == 'n':
        length = next(place for place, byte in enumerate(data) if byte < 128) + 1
        return sum((byte & 127) << 7 * at for at, byte in enumerate(data[:length])), data[length:]
    if kind == 'u8':
        return data[0], data[1:]
    if kind[0] == 'x':
        return data[:int(kind[1:])], data[int(kind[1:]):]
    value, data = get('n', data)
    if kind == 'z':
        return (value >> 1 if value % 2 == 0 else -(value + 1 >> 1)), data
    if kind == 'blob':
        return data[:value], data[value:]
    values = []
    for _ in range(value):
        one, data = get('n', data)
        values.append(one)
    return values, data

def write(name, **fields):
    return put('n', NAMES.index(name)) + b''.join(put(of, fields[at]) for at, of in FIELDS[name])

def read(message):
    kind, rest = get('n', message)
    fields = {}
    for at, of in FIELDS[NAMES[kind]]:
        fields[at], rest = get(of, rest)
    assert not rest, f'{NAMES[kind]} is longer than the text says'
    return NAMES[kind], fields

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
        """Name and fields of each message that comes in that time."""
        end = time.monotonic() + seconds
        while True:
            while b'\0' in self.rest:
                # What comes after an answer waits for who asks next.
                whole, self.rest = self.rest.split(b'\0', 1)
                if arrived := unframe(whole):
                    name, fields = read(arrived[1])
                    if name == 'Log':
                        print(f"the board says: {fields['text'].decode()}")
                    yield name, fields
            left = end - time.monotonic()
            if left <= 0:
                return
            if select.select([self.port], [], [], left)[0]:
                self.rest += os.read(self.port, 4096)

    def ask(self, *messages, answer, **like):
        """Says this until an answer like that comes, five times at most; what came before, and it."""
        for _ in range(5):
            for message in messages:
                self.send(message)
            before = []
            for name, fields in self.messages(3):
                if name == answer and all(fields[at] == value for at, value in like.items()):
                    return before, fields
                if name == 'Nack':
                    raise SystemExit(f"refused: {fields['why']}")
                before += [fields] if name == 'Say' else []
        raise SystemExit(f'the board does not answer with {answer} {like}')

    def load(self, area, data):
        for at in range(0, len(data), 192):
            piece = data[at:at + 192]
            message = write('Load', area=area, offset=at, bytes=piece)
            self.ask(message, answer='Loaded', area=area, length=at + len(piece))

    def post(self, config=b''):
        """Makes the board node 7, which hears node 9."""
        self.load(0, config)
        post = write('Post', node=7, group=0, role=0, sentinel=0xFFFFFFFF, first_us=0, join=0,
                     length=len(config), crc=zlib.crc32(config), free_ms=0, peers=[9])
        return self.ask(post, answer='Ready', tick=0, free=0)[1]['digest']

def usual():
    """The default configuration, from the table of docs/canonical.md."""
    page = open(os.path.join(os.path.dirname(os.path.abspath(__file__)), 'canonical.md')).read()
    table, out = page.split('<!-- configuration -->')[1].split('<!-- end -->')[0], b''
    for row in re.findall(r'^\| `.*', table, re.M):
        sizes, values = [cell.strip() for cell in row.split('|')[-3:-1]]
        pairs = [[int(one) for one in group.split(' x ')] for group in sizes.split(' + ')]
        sizes = sum(([pair[-1]] * (pair[0] if len(pair) == 2 else 1) for pair in pairs), [])
        values = [values[5:]] * len(sizes) if values.startswith('each') else values.split(', ')
        for size, value in zip(sizes, values if values != [''] else []):
            out += int(value).to_bytes(size, 'little', signed=int(value) < 0)
    return out

def update(tick):
    """An update of node 9 as on the air, as docs/protocol.md has it: a header, then a model."""
    model = struct.pack('<4B2I4i', 0, 0, 4, 0, tick, 1, 1 << 15, 0, tick << 8, -1 << 14)
    head = bytes([0x10, tick & 255, 0, 1]) + struct.pack('<I', 9)
    return head + struct.pack('<I', zlib.crc32(head + model)) + model

def do_tick(line, tick):
    """A tick on the own sensor, or one that is rehearsed and given what came of that."""
    sent = [update(tick)] if tick % 3 == 2 else []
    bend, told, sample = (3 << 16 if tick % 8 == 7 else 0), None, (0,)
    if tick % 2:
        asked = write('Rehearse', tick=tick, senses=1, offset=bend, gain=0, pivot=0, storm=9,
                      harvest_uw=0)
        told, heard = line.ask(asked, answer='Rehearsed', tick=tick)
        assert heard['said'] == len(told) and heard['raw'] is not None
        sample = (1, heard['raw'] + bend)
    hears = [write('Hear', tick=tick, index=at, at_us=250_000, frame=data)
             for at, data in enumerate(sent)]
    order = write('Tick', tick=tick, sample=sample, disturbance=bend if told is None else 0,
                  storm=9, harvest_uw=0, heard=len(sent))
    said, did = line.ask(*hears, order, answer='Ticked', tick=tick)
    assert did['heard'] == len(sent) and did['crc'] == zlib.crc32(b''.join(sent)), 'what was sent'
    assert did['said'] == len(said) and (told is None or told == said), 'as it was rehearsed'
    assert did['sample'] == (did['raw'] + bend if told is None else sample[1]), 'as it was bent'
    print(f"tick {tick}: sample {did['sample'] / 65536:.3f}, said {len(said)}, "
          f"digest {did['digest'].hex()[:16]}.., {did['work_us']} us")
    return did

def drive(path, ticks):
    line, nonce = Line(path), 1234567890
    hello = write('Hello', oldest=1, newest=1, nonce=nonce)
    who = line.ask(hello, answer='Greeting', version=1, nonce=nonce)[1]
    print(f"{who['profile'].decode()}, {who['build'].decode()}, key {who['key'].hex()[:16]}.., proof of "
          f"{len(who['proof'])} bytes, {who['room']} neighbours, {who['inbox']} frames a tick")
    digest = line.post()
    assert line.post(usual()) == digest, 'the loaded default is the default'
    line.ask(write('Load', area=1, offset=9, bytes=b'?'), answer='Nack', why=(6, 0))
    order = write('Tick', tick=0, sample=(2,), disturbance=0, storm=0, harvest_uw=0, heard=1)
    line.ask(order, answer='Nack', why=(5, 0))
    clock = line.ask(write('Ping', host_us=5), answer='Pong', host_us=5)[1]
    print(f"node 7: {digest.hex()}, clock of the board {clock['board_us']} us")
    done = [do_tick(line, tick) for tick in range(ticks)]
    assert sum(did['said'] for did in done) or ticks < 60, 'a new node speaks each half minute'
    old = write('Rehearse', tick=ticks + 9, senses=0, offset=0, gain=0, pivot=0, storm=0, harvest_uw=0)
    line.ask(old, answer='Missed', asked=ticks + 9, next=ticks)
    state = b''
    while (part := line.ask(write('Fetch', offset=len(state)), answer='Part',
                            offset=len(state), tick=ticks)[1])['bytes']:
        state += part['bytes']
    assert len(state) == part['total']
    line.ask(write('Restart'), answer='Greeting', nonce=0, key=who['key'], next=None)
    line.post(usual())
    line.load(1, state)
    line.ask(write('Restore', tick=ticks), answer='Ready', tick=ticks, digest=done[-1]['digest'])
    do_tick(line, ticks)
    line.ask(answer='Beat', next=ticks + 1, free=0)
    line.ask(write('Release'), answer='Ready', free=1)
    line.ask(answer='Ticked', tick=ticks + 1)
    line.post()
    print(f'{ticks} ticks, a state of {len(state)} bytes moved, a tick in freedom: as the text says')

def vectors(path):
    rows = [row.split() for row in open(path) if not row.startswith('#')]
    for name, sequence, message, line in rows:
        message, line = bytes.fromhex(message), bytes.fromhex(line)
        assert frame(int(sequence), message) == line, name
        assert unframe(line[:-1]) == (int(sequence), message), name
        said, fields = read(message)
        assert said.lower() == name.split('-')[0] and write(said, **fields) == message, name
    assert {row[0].split('-')[0] for row in rows} == {name.lower() for name in NAMES}
    print(f'{len(rows)} vectors agree, all {len(NAMES)} kinds among them')

if __name__ == '__main__':
    if len(sys.argv) == 3 and sys.argv[1] == 'vectors':
        vectors(sys.argv[2])
    elif len(sys.argv) in (2, 3):
        drive(sys.argv[1], int(sys.argv[2]) if len(sys.argv) == 3 else 20)
    else:
        raise SystemExit(__doc__)
