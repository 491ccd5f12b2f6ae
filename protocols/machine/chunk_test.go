package machine

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"quorumlab/protocols"
	"quorumlab/protocols/state"
)

// drawSessions draws a state, over a KV or over a machine that cannot be divided.
func drawSessions(t *rapid.T) *Sessions {
	if rapid.Bool().Draw(t, "counts") {
		return replay(NewLimited(&counter{}, 4), drawSteps(t))
	}
	sessions := replay(NewLimited(NewKV(), 4), drawSteps(t))
	for range rapid.IntRange(0, 20).Draw(t, "keys") {
		key := rapid.StringN(0, 20, 40).Draw(t, "key")
		value := rapid.OneOf(rapid.StringN(0, 40, -1), rapid.Just(strings.Repeat("long", 500))).Draw(t, "value")
		sessions.Machine.Apply(Command{Op: Put, Key: key, Value: value})
	}
	return sessions
}

func TestSplitAndJoinAreInverse(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sessions := drawSessions(t)
		snapshot := sessions.Snapshot()
		size := rapid.IntRange(0, 400).Draw(t, "size")
		chunks := sessions.Split(snapshot, size)
		equal(t, "split again", sessions.Split(snapshot, size), chunks)

		var assembly Assembly
		for i, chunk := range chunks {
			complete, err := assembly.Add(chunk)
			if err != nil || complete != (i == len(chunks)-1) {
				t.Fatalf("chunk %d of %d: complete %v, error %v", i+1, len(chunks), complete, err)
			}
			again, err := assembly.Add(chunks[rapid.IntRange(0, i).Draw(t, "duplicate")])
			if err != nil || again != complete {
				t.Fatalf("a duplicate: complete %v, error %v", again, err)
			}
		}
		joined, err := sessions.Join(assembly)
		if err != nil {
			t.Fatal(err)
		}
		equal(t, "joined", joined, snapshot)
	})
}

// Parts have the size asked for, but for a single piece that cannot be cut.
func TestPartsAreBounded(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sessions := drawSessions(t)
		size := rapid.IntRange(300, 1000).Draw(t, "size")
		var encoder state.Encoder
		chunks := sessions.Split(sessions.Snapshot(), size)
		total := 0
		for _, chunk := range chunks {
			bytes := len(encoder.Append(nil, chunk.Part))
			if total += bytes; bytes > size {
				t.Fatalf("part %d has %d bytes, more than %d: %+v", chunk.Position, bytes, size, chunk.Part)
			}
		}
		whole := len(encoder.Append(nil, sessions.Snapshot()))
		if most := 2 + 5*(whole+total)/size; len(chunks) > most {
			t.Fatalf("%d chunks of %d bytes for a snapshot of %d", len(chunks), size, whole)
		}
	})
}

// drawSeries draws the chunks of a state of several chunks.
func drawSeries(t *rapid.T, value string) (*Sessions, []Chunk) {
	sessions := New(NewKV())
	for range rapid.IntRange(3, 9).Draw(t, "keys") {
		key := rapid.StringN(1, 8, -1).Draw(t, "key")
		sessions.Apply(1, uint64(len(key)), Command{Op: Put, Key: key, Value: strings.Repeat(value, 100)})
	}
	return sessions, sessions.Split(sessions.Snapshot(), 100)
}

func TestForeignAndMissingChunksAreTold(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sessions, chunks := drawSeries(t, "a")
		_, others := drawSeries(t, "b")
		last := len(chunks) - 1
		have := rapid.IntRange(0, last-1).Draw(t, "have")
		var assembly Assembly
		for _, chunk := range chunks[:have] {
			if _, err := assembly.Add(chunk); err != nil {
				t.Fatal(err)
			}
		}
		skipped := chunks[rapid.IntRange(have+1, last).Draw(t, "skipped")]
		foreign := others[rapid.IntRange(1, len(others)-1).Draw(t, "foreign")]
		for name, chunk := range map[string]Chunk{
			"one after the next": skipped, "one of another series": foreign,
			"position 0":       {Series: assembly.Series, Total: assembly.Total},
			"one past the end": {Series: assembly.Series, Position: assembly.Total + 1, Total: assembly.Total},
		} {
			if complete, err := assembly.Add(chunk); err == nil || complete || assembly.Next() != uint32(have+1) {
				t.Fatalf("%s was taken: complete %v, next is %d, error %v", name, complete, assembly.Next(), err)
			}
		}
		if _, err := sessions.Join(assembly); err == nil {
			t.Fatal("a half series was joined")
		}
		// A new series takes the place of the half one.
		for _, chunk := range others {
			if _, err := assembly.Add(chunk); err != nil {
				t.Fatal(err)
			}
		}
		joined, err := sessions.Join(assembly)
		if err != nil {
			t.Fatal(err)
		}
		equal(t, "the other series", sessions.Split(joined, 100), others)
	})
}

// Whatever is changed in a part shows when the parts are joined.
func TestChangedPartsAreTold(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sessions, chunks := drawSeries(t, "a")
		_, others := drawSeries(t, "b")
		at := rapid.IntRange(0, len(chunks)-1).Draw(t, "at")
		parts := append([]protocols.Record{"rubbish", KVPart{}, SessionsPart{}, nil}, others[len(others)-1].Part)
		chunks[at].Part = parts[rapid.IntRange(0, len(parts)-1).Draw(t, "part")]
		var assembly Assembly
		for _, chunk := range chunks {
			if _, err := assembly.Add(chunk); err != nil {
				t.Fatal(err)
			}
		}
		if joined, err := sessions.Join(assembly); err == nil {
			t.Fatalf("joined to %+v", joined)
		}
	})
}

// A machine that cannot be divided makes one chunk, and what is none of it is told.
func TestIndivisibleMachine(t *testing.T) {
	sessions := New(&counter{Count: 5})
	sessions.Apply(1, 1, "add")
	chunks := sessions.Split(sessions.Snapshot(), 1)
	if len(chunks) != 2 {
		t.Fatalf("%+v", chunks)
	}
	assembly := Assembly{Series: chunks[0].Series, Total: 3, Parts: []protocols.Record{chunks[0].Part, chunks[1].Part, 7}}
	if joined, err := sessions.Join(assembly); err == nil {
		t.Errorf("joined to %+v", joined)
	}
}

func BenchmarkSplit(b *testing.B) {
	kv := NewKV()
	for i := range 10_000 {
		kv.set(strings.Repeat("k", 8)+string(rune('0'+i%10))+string(rune(i)), "a value of some length")
	}
	sessions := New(kv)
	snapshot := sessions.Snapshot()
	b.ReportAllocs()
	for b.Loop() {
		sessions.Split(snapshot, 1<<16)
	}
}
