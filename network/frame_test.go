package network

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"runtime"
	"testing"
	"testing/iotest"

	"pgregory.net/rapid"
)

func TestChecksumIsCRC32C(t *testing.T) {
	// RFC 3720, appendix B.4: 32 bytes of zeros, of ones, and growing.
	growing := make([]byte, 32)
	for i := range growing {
		growing[i] = byte(i)
	}
	for _, test := range []struct {
		data []byte
		want uint32
	}{
		{make([]byte, 32), 0x8a9136aa},
		{bytes.Repeat([]byte{0xff}, 32), 0x62a8ab43},
		{growing, 0x46dd794e},
		{nil, 0},
	} {
		if got := Checksum(test.data); got != test.want {
			t.Errorf("Checksum(% x) = %#x, want %#x", test.data, got, test.want)
		}
	}
}

func TestFrameLayout(t *testing.T) {
	got := AppendFrame([]byte("before"), []byte("123456789"))
	want := "before" + "\x00\x00\x00\x09" + "\xe3\x06\x92\x83" + "\x9e\x0b\xd8\xd0" + "123456789"
	if string(got) != want {
		t.Errorf("frame = %q, want %q", got, want)
	}
}

func TestFramesRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		payloads := rapid.SliceOf(rapid.SliceOfN(rapid.Byte(), 0, 40)).Draw(t, "payloads")
		var stream []byte
		for _, payload := range payloads {
			stream = AppendFrame(stream, payload)
		}
		r := iotest.OneByteReader(bytes.NewReader(stream))
		buffer := make([]byte, rapid.IntRange(0, 30).Draw(t, "buffer"))
		for i, want := range payloads {
			got, err := ReadFrame(r, buffer, 40)
			if err != nil || !bytes.Equal(got, want) {
				t.Fatalf("frame %d = %q, %v, want %q", i, got, err, want)
			}
		}
		if _, err := ReadFrame(r, buffer, 40); err != io.EOF { //nolint:errorlint // it is io.EOF itself
			t.Fatalf("after the last frame: %v, want io.EOF", err)
		}
	})
}

func TestFlippedBitsAreFound(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		payload := rapid.SliceOfN(rapid.Byte(), 0, 2000).Draw(t, "payload")
		frame := AppendFrame(nil, payload)
		bit := rapid.IntRange(0, 8*len(frame)-1)
		flips := rapid.SliceOfNDistinct(bit, 1, 3, rapid.ID[int]).Draw(t, "flips")
		for _, i := range flips {
			frame[i/8] ^= 0x80 >> (i % 8)
		}
		// More follows, as on a stream: a length that is believed finds bytes.
		r := io.MultiReader(bytes.NewReader(frame), bytes.NewReader(make([]byte, 1<<16)))
		got, err := ReadFrame(r, nil, 1<<16)
		if !errors.Is(err, ErrFrameCorrupt) {
			t.Fatalf("bits %v of %d flipped: read %d bytes, error %v", flips, 8*len(frame), len(got), err)
		}
	})
}

func TestEveryOneAndTwoFlippedBitsAreFound(t *testing.T) {
	good := AppendFrame(nil, []byte("Zab ep."))
	for i := range 8 * len(good) {
		for j := range 8 * len(good) {
			frame := bytes.Clone(good)
			frame[i/8] ^= 1 << (i % 8)
			if i != j { // i == j: only one bit
				frame[j/8] ^= 1 << (j % 8)
			}
			r := io.MultiReader(bytes.NewReader(frame), bytes.NewReader(make([]byte, 64)))
			if _, err := ReadFrame(r, nil, 64); !errors.Is(err, ErrFrameCorrupt) {
				t.Fatalf("bits %d and %d flipped: %v", i, j, err)
			}
		}
	}
}

func TestFrameErrors(t *testing.T) {
	frame := AppendFrame(nil, []byte("payload"))
	for cut := 1; cut < len(frame); cut++ {
		if _, err := ReadFrame(bytes.NewReader(frame[:cut]), nil, 7); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("frame cut after %d bytes: %v", cut, err)
		}
	}
	if _, err := ReadFrame(bytes.NewReader(frame), nil, 6); !errors.Is(err, ErrFrameLimit) {
		t.Errorf("7 bytes with limit 6: %v", err)
	}
	broken := errors.New("cable cut")
	r := io.MultiReader(bytes.NewReader(frame[:15]), iotest.ErrReader(broken))
	if _, err := ReadFrame(r, nil, 7); !errors.Is(err, broken) {
		t.Errorf("reader's error: %v", err)
	}
}

func FuzzReadFrame(f *testing.F) {
	f.Add([]byte{})
	f.Add(AppendFrame(nil, nil))
	f.Add(AppendFrame(AppendFrame(nil, []byte("one")), []byte("two")))
	f.Add(bytes.Repeat([]byte{0xff}, 20))
	f.Fuzz(func(t *testing.T, stream []byte) {
		const limit = 1 << 10
		r := bytes.NewReader(stream)
		payload, err := ReadFrame(r, nil, limit)
		if err != nil {
			return
		}
		if len(payload) > limit {
			t.Fatalf("read %d bytes, limit %d", len(payload), limit)
		}
		read := stream[:len(stream)-r.Len()]
		if again := AppendFrame(nil, payload); !bytes.Equal(again, read) {
			t.Fatalf("% x was read as the frame % x", read, again)
		}
	})
}

// Who announces a long payload and sends little of it costs little.
func TestALongPayloadGetsItsMemoryAsItComes(t *testing.T) {
	frame := AppendFrame(nil, bytes.Repeat([]byte("0123456789"), 100_000))
	if got, err := ReadFrame(iotest.HalfReader(bytes.NewReader(frame)), nil, 1<<30); err != nil || !bytes.Equal(got, frame[FrameHeader:]) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
	binary.BigEndian.PutUint32(frame, 1<<30)
	binary.BigEndian.PutUint32(frame[8:], Checksum(frame[:8]))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if _, err := ReadFrame(bytes.NewReader(frame), nil, 1<<30); err != io.ErrUnexpectedEOF { //nolint:errorlint // it is that itself
		t.Errorf("cut off: %v", err)
	}
	runtime.ReadMemStats(&after)
	if taken := after.TotalAlloc - before.TotalAlloc; taken > 8<<20 {
		t.Errorf("%d bytes were taken for %d", taken, len(frame))
	}
}
