package trace_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"quorumlab/sim/trace"
)

func problem(t rapid.TB, err error) *trace.Problem {
	t.Helper()
	var p *trace.Problem
	if !errors.As(err, &p) {
		t.Fatalf("got error %v, want a Problem", err)
	}
	return p
}

func TestReplayIsLineEqual(t *testing.T) {
	file := written(t, 1)
	if err := replay(t, file); !errors.Is(err, io.EOF) {
		t.Error(err)
	}
	if lines := bytes.Count(file, []byte("\n")); lines < 100 {
		t.Errorf("only %d lines were compared", lines)
	}
	h, err := trace.NewReader(bytes.NewReader(file)).Next()
	if err != nil || h.Trace != trace.Version || h.Seed != header.Seed || string(h.Document) != string(header.Document) {
		t.Errorf("the header is %+v (%v)", h, err)
	}
	s := newRun(t, 1)
	r, err := trace.NewRecorder(nil, s.World.Setup().Codec, header)
	if err != nil {
		t.Fatal(err)
	}
	play(t, s, r)
	if end := fmt.Sprintf(`"hash":"%s"}}`+"\n", r.Hash()); r.Close() != nil || !bytes.HasSuffix(file, []byte(end)) {
		t.Errorf("without a writer the hash is %s, but the file ends %s", r.Hash(), file[len(file)-80:])
	}
}

// TestEveryChangedByteIsFound flips a byte of a step's line to any other.
func TestEveryChangedByteIsFound(t *testing.T) {
	file := written(t, 1)
	rewriter := newRewriter(file)
	steps := bytes.IndexByte(file, '\n') + 1
	findings := bytes.Index(file, []byte(`{"finding"`))
	rapid.Check(t, func(t *rapid.T) {
		at := rapid.IntRange(steps, findings-1).Draw(t, "at")
		changed := bytes.Clone(file)
		changed[at] ^= rapid.ByteRange(1, 255).Draw(t, "bits")
		p := problem(t, rewriter.against(changed))
		line := 1 + bytes.Count(file[:at], []byte("\n"))
		column := at - bytes.LastIndexByte(file[:at], '\n')
		if p.Line != line || p.Column != column || p.Diverged {
			t.Fatalf("byte %d changed from %q to %q, line %d column %d: %+v", at, file[at], changed[at], line, column, p)
		}
		if want := fmt.Sprintf("line %d, column %d: ", line, column); !strings.HasPrefix(p.Error(), want) || !strings.Contains(p.Error(), "hint: ") {
			t.Fatalf("Error() = %q", p.Error())
		}
	})
}

// TestChangedVerdictsAndEnds: they have no hash of their own.
func TestChangedVerdictsAndEnds(t *testing.T) {
	file := written(t, 1)
	rewriter := newRewriter(file)
	findings := bytes.Index(file, []byte(`{"finding"`))
	for at := findings; at < len(file); at++ {
		changed := bytes.Clone(file)
		changed[at] ^= 4
		p := problem(t, rewriter.against(changed))
		if want := 1 + bytes.Count(file[:at], []byte("\n")); p.Line != want || p.Diverged || p.Hint == "" {
			t.Fatalf("byte %d, line %d: %+v", at, want, p)
		}
	}
}

// TestChangedHeaderIsFound: it enters every hash, so that the first step does
// not fit its own any more.
func TestChangedHeaderIsFound(t *testing.T) {
	file := written(t, 1)
	code := bytes.Index(file, []byte(`"code":"`))
	for at := range bytes.IndexByte(file, '\n') {
		if at >= code && at < code+len(`"code":"v1`) {
			continue // the version of the program may be any
		}
		changed := bytes.Clone(file)
		changed[at] ^= 4
		if p := problem(t, replay(t, changed)); p.Line > 2 || p.Diverged {
			t.Fatalf("byte %d: %+v", at, p)
		}
	}
}

// TestSkipSeesWhatWasChanged: who goes by the steps of a file without running them
// again hears of every byte of them that is another, and of a step that is missing.
func TestSkipSeesWhatWasChanged(t *testing.T) {
	file := short(t, 20)
	skip := func(file []byte) error {
		reader := trace.NewReader(bytes.NewReader(file))
		h, err := reader.Next()
		if err != nil {
			return err
		}
		return reader.Skip(h)
	}
	if err := skip(file); err != nil {
		t.Fatal(err)
	}
	from, to := bytes.IndexByte(file, '\n')+1, bytes.Index(file, []byte(`{"end"`))
	for at := from; at < to; at++ {
		changed := bytes.Clone(file)
		changed[at] ^= 4
		p := problem(t, skip(changed))
		if line := 1 + bytes.Count(file[:at], []byte("\n")); p.Line != line || p.Hint == "" {
			t.Fatalf("byte %d of line %d: %+v", at, line, p)
		}
	}
	second := from + bytes.IndexByte(file[from:], '\n') + 1
	if p := problem(t, skip(slices.Delete(bytes.Clone(file), from, second))); p.Line != 2 {
		t.Errorf("without the first step: %+v", p)
	}
}

// replay runs again what newRun gave, under the file's header, and compares.
func replay(t *testing.T, file []byte) error {
	t.Helper()
	reader := trace.NewReader(bytes.NewReader(file))
	h, err := reader.Next()
	if err != nil {
		return err
	}
	c, err := trace.NewComparer(reader, h)
	if err != nil {
		return err
	}
	s := newRun(t, 1)
	h.Code = "another version"
	r, err := trace.NewRecorder(c, s.World.Setup().Codec, h)
	if err != nil {
		return err
	}
	play(t, s, r)
	if err := r.Close(); err != nil {
		return err
	}
	_, err = reader.Next()
	return err // io.EOF if all is well
}

func TestAnotherRunDiverges(t *testing.T) {
	one, other := written(t, 1), written(t, 2)
	p := problem(t, newRewriter(one).against(other))
	if !p.Diverged || p.Line < 2 || p.Column == 0 {
		t.Errorf("got %+v", p)
	}
	a, b := bytes.Split(one, []byte("\n")), bytes.Split(other, []byte("\n"))
	for i := range p.Line - 1 {
		if i > 0 && !bytes.Equal(a[i], b[i]) {
			t.Errorf("line %d differs already", i+1)
		}
	}
	if bytes.Equal(a[p.Line-1], b[p.Line-1]) {
		t.Errorf("line %d does not differ", p.Line)
	}
}

// short returns a trace of so many steps that differ in their numbers alone.
func short(t testing.TB, steps int) []byte {
	t.Helper()
	var file bytes.Buffer
	r, s := newRecorder(t, &file)
	for range steps {
		s.Number++
		r.Observe(nil, s)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

// TestRunsOfOtherLengths: the file is sound, but the run goes on, or it is over.
func TestRunsOfOtherLengths(t *testing.T) {
	for _, lengths := range [][2]int{{3, 4}, {4, 3}} {
		p := problem(t, newRewriter(short(t, lengths[0])).against(short(t, lengths[1])))
		if !p.Diverged || p.Line != 5 {
			t.Errorf("%d steps against %d: %+v", lengths[0], lengths[1], p)
		}
	}
}

func TestCutAtEveryByte(t *testing.T) {
	file := written(t, 1)
	end := bytes.IndexByte(file, '\n') + 3000
	file = file[:bytes.LastIndexByte(file[:end], '\n')+1]
	rewriter := newRewriter(file)
	for at := range len(file) {
		p := problem(t, rewriter.against(file[:at]))
		if want := 1 + bytes.Count(file[:at], []byte("\n")); p.Line != want || p.Diverged {
			t.Fatalf("cut behind byte %d, in line %d: %+v", at, want, p)
		}
	}
}

func TestWhatIsNoTrace(t *testing.T) {
	sound := string(written(t, 1))
	for name, test := range map[string]struct{ file, want string }{
		"empty":         {"", "line 1: the file is empty"},
		"blank":         {"\n", "line 1: found \"\", expected a trace's header"},
		"garbage":       {"\x00\xff\x17\n\n", "line 1: found \"\\x00\\xff\\x17\", expected a trace's header"},
		"other JSON":    {"[1,2]\n", "line 1: found \"[1,2]\", expected a trace's header"},
		"null":          {"null\n", "line 1: found \"null\", expected a trace's header"},
		"other version": {strings.Replace(sound, `{"trace":1`, `{"trace":2`, 1), "line 1: found a trace of version 2, expected 1"},
		"more fields":   {strings.Replace(sound, `{"trace":1`, `{"trace":1,"seeed":3`, 1), "line 1: the header is damaged: "},
		"wrong type":    {strings.Replace(sound, `"seed":7`, `"seed":"7"`, 1), "line 1: the header is damaged: "},
		"no end":        {strings.TrimSuffix(sound[:strings.IndexByte(sound, '\n')], "}"), "line 1, column "},
		"steps first":   {sound[strings.IndexByte(sound, '\n')+1:], "line 1: found "},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := trace.NewReader(strings.NewReader(test.file)).Next()
			if p := problem(t, err); !strings.HasPrefix(p.Error(), test.want) || len(p.Error()) > 500 {
				t.Errorf("got %q, want %q", p.Error(), test.want)
			}
		})
	}
}

// endless is a line that does not end; it counts what was read of it.
type endless struct{ read int }

func (e *endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	e.read += len(p)
	return len(p), nil
}

func TestEndlessLine(t *testing.T) {
	e := &endless{}
	_, err := trace.NewReader(e).Next()
	if p := problem(t, err); p.Line != 1 || !strings.Contains(p.What, "longer than 64 MiB") {
		t.Errorf("got %+v", p)
	}
	if e.read > trace.LineBytesMax+1<<20 {
		t.Errorf("%d bytes were read", e.read)
	}
	file := written(t, 1)
	reader := trace.NewReader(io.MultiReader(bytes.NewReader(file[:bytes.IndexByte(file, '\n')+1]), io.LimitReader(&endless{}, 70<<20)))
	h, err := reader.Next()
	if err != nil {
		t.Fatal(err)
	}
	c, err := trace.NewComparer(reader, h)
	if err != nil {
		t.Fatal(err)
	}
	if _, err = c.Write(nil); err != nil {
		t.Fatal(err)
	}
	_, err = c.Write([]byte("{}\n"))
	if p := problem(t, err); p.Line != 2 || !strings.Contains(p.What, "longer than 64 MiB") {
		t.Errorf("got %+v", p)
	}
}

func TestErrorOfTheFileIsPassedOn(t *testing.T) {
	broken := errors.New("broken")
	file := written(t, 1)
	reader := trace.NewReader(io.MultiReader(bytes.NewReader(file[:10]), &failing{broken}))
	if _, err := reader.Next(); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
	r, s := newRecorder(t, &failing{broken})
	r.Observe(nil, s)
	if err := r.Close(); !errors.Is(err, broken) {
		t.Errorf("Close() = %v", err)
	}
}

// failing is a file that breaks: when written to only after the header.
type failing struct{ err error }

func (f *failing) Read([]byte) (int, error) { return 0, f.err }

func (f *failing) Write(p []byte) (int, error) {
	if bytes.HasPrefix(p, []byte(`{"trace"`)) {
		return len(p), nil
	}
	return 0, f.err
}

func TestSectionsFollowEachOther(t *testing.T) {
	file := written(t, 1)
	reader := trace.NewReader(bytes.NewReader(append(bytes.Clone(file), file...)))
	for range 2 {
		h, err := reader.Next()
		if err != nil {
			t.Fatal(err)
		}
		c, err := trace.NewComparer(reader, h)
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range newRewriter(file).lines {
			if len(line) > 0 {
				if _, err := c.Write(line); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	if _, err := reader.Next(); !errors.Is(err, io.EOF) {
		t.Errorf("after two sections: %v", err)
	}
}

func FuzzReader(f *testing.F) {
	file := short(f, 2)
	rewriter := newRewriter(file)
	f.Add(file)
	f.Add(file[:len(file)/2])
	f.Add([]byte(`{"trace":1}` + "\n" + `{"n":1,"hash":"` + "\n" + `{"end":{"hash":"` + "\n"))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, data []byte) {
		reader := trace.NewReader(bytes.NewReader(data))
		for range 1 + bytes.Count(data, []byte("\n")) { // every line as if it were a header
			_, err := reader.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				if p := problem(t, err); p.Line < 1 || p.What == "" || p.Error() == "" {
					t.Fatalf("%+v", p)
				}
			}
		}
		err := rewriter.against(data)
		if errors.Is(err, io.EOF) {
			if !bytes.HasPrefix(data, []byte(`{`)) || !bytes.HasSuffix(file, data[bytes.IndexByte(data, '\n'):]) {
				t.Fatal("another file is taken for this one")
			}
			return
		}
		problem(t, err)
	})
}
