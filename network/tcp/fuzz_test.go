package tcp

import (
	"bytes"
	"testing"

	"quorumlab/network"
	"quorumlab/protocols"
	"quorumlab/protocols/state"
)

// FuzzHandshake: whatever a stranger says, it is understood as what it encodes to,
// or refused; at most so much of it is read.
func FuzzHandshake(f *testing.F) {
	f.Add(network.AppendFrame(nil, hello{1, 1, 1, 2, "test", "zab"}.encode()))
	f.Add(network.AppendFrame(nil, welcome{1}.encode()))
	f.Add(network.AppendFrame(nil, (&refusal{refuseCluster, "another one"}).encode()))
	f.Add(network.AppendFrame(nil, append(hello{1, 9, 7, 8, "", ""}.encode(), "more"...)))
	f.Add([]byte("GET / HTTP/1.1\r\n\r\n"))
	f.Fuzz(func(t *testing.T, said []byte) {
		reader := bytes.NewReader(said)
		parsed, err := readHandshake(reader)
		if read := len(said) - reader.Len(); read > network.FrameHeader+handshakeMost {
			t.Fatalf("%d bytes were read", read)
		}
		if err != nil {
			if parsed != nil {
				t.Fatalf("%v, and yet %+v", err, parsed)
			}
			return
		}
		var encoded []byte
		switch p := parsed.(type) {
		case hello:
			encoded = p.encode()
		case welcome:
			encoded = p.encode()
		case *refusal:
			encoded = p.encode()
		}
		if payload := said[network.FrameHeader:]; !bytes.HasPrefix(payload, encoded) {
			t.Fatalf("%+v encodes to %q, it was %q", parsed, encoded, payload)
		}
	})
}

// FuzzFrames: a frame gives the messages that were put into it, or an error.
func FuzzFrames(f *testing.F) {
	codec, err := state.NewCodec()
	if err != nil {
		f.Fatal(err)
	}
	s := &stream{peer: &peer{driver: &Driver{config: Config{Codec: codec}}}}
	out := outbox{frame: 1 << 10}
	for _, message := range []protocols.Message{"a", 7, nil, []byte("bytes")} {
		if err := out.add(codec, message); err != nil {
			f.Fatal(err)
		}
	}
	f.Add(out.frames[0][network.FrameHeader:])
	f.Add([]byte{0, 0, 0, 9, 1})
	f.Fuzz(func(t *testing.T, frame []byte) {
		messages, err := s.decode(frame, nil)
		if err != nil {
			return
		}
		again := outbox{frame: 1 << 20}
		var payload []byte
		for _, message := range messages {
			if err := again.add(codec, message); err != nil {
				t.Fatal(err)
			}
		}
		for _, part := range again.frames {
			payload = append(payload, part[network.FrameHeader:]...)
		}
		if !bytes.Equal(payload, frame) {
			t.Fatalf("%q became %v, and that %q", frame, messages, payload)
		}
	})
}

// What is queued is what comes out, in frames within the limit; and what is taken
// back was never there.
func TestOutbox(t *testing.T) {
	codec, err := state.NewCodec()
	if err != nil {
		t.Fatal(err)
	}
	s := &stream{peer: &peer{driver: &Driver{config: Config{Codec: codec}}}}
	o := outbox{frame: frameLeast}
	var used [][]byte
	for round := range 20 {
		var want, got []protocols.Message
		for i := range 50 {
			message := string(bytes.Repeat([]byte{'x'}, (i*37+round)%1500))
			if err := o.add(codec, message); (err != nil) != (len(message)+3+lengthBytes > frameLeast) && len(message) > 255 {
				t.Fatalf("%d bytes: %v", len(message), err)
			} else if err != nil {
				continue
			}
			if i%5 == 0 {
				o.drop()
				continue
			}
			want = append(want, message)
		}
		bytesWaiting, count := o.bytes, o.messages
		used = o.take(used)
		for _, frame := range used {
			if len(frame)-network.FrameHeader > frameLeast {
				t.Fatalf("a frame of %d bytes", len(frame))
			}
			bytesWaiting -= len(frame) - network.FrameHeader
			messages, err := s.decode(frame[network.FrameHeader:], nil)
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, messages...)
		}
		if bytesWaiting != 0 || count != len(want) || len(got) != len(want) {
			t.Fatalf("%d bytes too many were counted, %d messages of %d and %d", bytesWaiting, count, len(got), len(want))
		}
		for i := range want {
			if got[i] != want[i] {
				t.Fatalf("message %d is %v, want %v", i, got[i], want[i])
			}
		}
		o.recycle(used)
	}
}
