package explore

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"time"
)

// Checkpointing says when and where a search is kept, so that it can be continued.
type Checkpointing struct {
	// Due is asked now and then.
	Due func() bool
	// Write keeps what write writes, whole or not at all.
	Write func(write func(io.Writer) error) error
	// Subject tells what is explored: a search is continued only with an equal
	// one.
	Subject string
}

// CheckpointVersion is the version of the format that is written and read.
const CheckpointVersion = 2

const checkpointBegins = "quorumlab checkpoint\n"

// ErrUnkept is returned for a model that cannot be kept.
var ErrUnkept = errors.New("explore: this model cannot be kept in a file")

// checkpointHeader is what must be equal for a search to be continued.
type checkpointHeader struct {
	Version  int    `json:"version"`
	Machine  string `json:"machine"`
	Subject  string `json:"subject"`
	Width    int    `json:"width"`
	Symmetry bool   `json:"symmetry"`
	Partial  bool   `json:"partial_order"`
	Awake    bool   `json:"awake"`
	Whole    bool   `json:"insistent"`
	Wide     bool   `json:"wide"`
	Seed     uint64 `json:"seed"`
}

func (s *search) header() checkpointHeader {
	o := &s.options
	return checkpointHeader{
		CheckpointVersion, runtime.GOARCH, o.Checkpoint.Subject, s.width, o.Symmetry, o.PartialOrder, o.Awake, o.Insistent, o.Wide, o.Seed,
	}
}

// keepable reports whether the search can be kept.
func (s *search) keepable() error {
	if s.options.Audit {
		return errors.New("explore: with an audit there are no checkpoints")
	}
	if _, ok := s.model.(Kept); !ok && s.model.Bytes() > 0 {
		return ErrUnkept
	}
	return nil
}

// checkpoint keeps the search if it is due, or ends here: these blocks are what is
// left of the level, or of what is expanded once more.
func (s *search) checkpoint(rest []*block) {
	c := s.options.Checkpoint
	if c == nil || s.failed != nil || s.bound == Unbounded && !c.Due() {
		return
	}
	anew := s.anew
	if rest[0].group == again {
		anew = anewOf(rest)
		rest = nil
	}
	s.failed = c.Write(func(to io.Writer) error {
		w := newWriter(to)
		header, err := json.Marshal(s.header())
		if err != nil {
			return err
		}
		w.bytes([]byte(checkpointBegins))
		w.Value(string(header))
		if kept, ok := s.model.(Kept); ok {
			kept.Keep(w)
		}
		s.keep(w, rest, &anew)
		if w.err == nil {
			w.err = w.to.Flush()
		}
		if w.err == nil {
			_, w.err = to.Write(w.sum.Sum(nil))
		}
		return w.err
	})
}

func (s *search) keep(w *Writer, rest []*block, anew *anew) {
	elapsed := time.Since(s.started)
	w.Uint(uint64(elapsed))
	for _, x := range []uint64{uint64(s.depth), uint64(s.parity), s.before, s.generated, s.terminal, s.frontier, s.bytesMax, s.wanted} {
		w.Uint(x)
	}
	kinds := s.kinds()
	w.Value(kinds)
	for i := range s.hits {
		h := &s.hits[i]
		w.Value(&h.found)
		w.Value(&h.place)
		w.Value(h.words)
	}
	w.Value(anew.words)
	w.Value(anew.places)
	w.blocks(rest)
	for g := range s.groups {
		group := &s.groups[g]
		w.table(&group.table)
		w.table(&group.young)
		w.origins(&group.origins)
		w.origins(&group.notes)
		w.blocks(group.next.blocks)
	}
}

func (w *Writer) blocks(blocks []*block) {
	w.Uint(uint64(len(blocks)))
	for _, b := range blocks {
		w.Value([]int{b.count, b.group, b.first})
		w.Value(b.words)
		w.Value(b.places)
	}
}

func (w *Writer) table(t *table) {
	w.Value([]int{t.homes, t.used, t.limit})
	for _, column := range [][]*segment{t.slots, t.second, t.number} {
		w.Uint(uint64(len(column)))
		for _, s := range column {
			for _, x := range s {
				w.fixed(x)
			}
		}
	}
}

func (w *Writer) origins(o *origins) {
	w.Uint(uint64(o.count))
	for _, piece := range o.pieces {
		for _, x := range piece {
			w.fixed(x)
		}
	}
}

// Continue goes on with a search that was kept, of a model made anew. The options
// must have a Checkpoint that tells the subject.
func Continue(ctx context.Context, model Model, options Options, from io.Reader) (*Result, error) {
	s, err := newSearch(model, options)
	if err != nil {
		return nil, err
	}
	defer s.crew.dismiss()
	if err := s.restoreFrom(from); err != nil {
		return nil, fmt.Errorf("the checkpoint cannot be continued: %w", err)
	}
	s.expandLevel(ctx)
	return s.run(ctx)
}

func (s *search) restoreFrom(from io.Reader) error {
	r := newReader(from)
	begins := make([]byte, len(checkpointBegins))
	if r.bytes(begins); r.err != nil || string(begins) != checkpointBegins {
		return errors.New("it is no checkpoint")
	}
	if err := s.compare(r); err != nil {
		return err
	}
	if kept, ok := s.model.(Kept); ok {
		kept.Restore(r)
	}
	s.restore(r)
	sum := r.sum.Sum(nil)
	found := make([]byte, len(sum))
	if r.bytes(found); r.err == nil && !bytes.Equal(sum, found) {
		r.err = errors.New("its checksum is wrong")
	}
	if _, err := r.from.ReadByte(); r.err == nil && err != io.EOF {
		r.err = errors.New("there is something behind its end")
	}
	if r.err != nil {
		return fmt.Errorf("it is damaged: %w", r.err)
	}
	return nil
}

// compare reads the header and tells what is not equal.
func (s *search) compare(r *Reader) error {
	var found checkpointHeader
	if text := r.text(); r.err != nil || json.Unmarshal(text, &found) != nil {
		return errors.New("it is damaged: its header cannot be read")
	}
	want := s.header()
	switch {
	case found.Version != want.Version:
		return fmt.Errorf("it has version %d, this program reads %d", found.Version, want.Version)
	case found.Subject != want.Subject:
		return fmt.Errorf("it is of another model or of other parameters:\n  checkpoint: %s\n  wanted:     %s", found.Subject, want.Subject)
	case found.Machine != want.Machine:
		return fmt.Errorf("it was written on %s, this is %s", found.Machine, want.Machine)
	case found != want:
		return fmt.Errorf("its reductions, width of fingerprints or seed are others: %+v, wanted %+v", found, want)
	}
	return nil
}

func (s *search) restore(r *Reader) {
	s.started = time.Now().Add(-time.Duration(r.Uint()))
	s.depth = int(r.Uint())
	s.parity = int(r.Uint() & 1)
	for _, x := range []*uint64{&s.before, &s.generated, &s.terminal, &s.frontier, &s.bytesMax, &s.wanted} {
		*x = r.Uint()
	}
	r.Value(&s.kindsBefore)
	for i := range s.hits {
		h := &s.hits[i]
		r.Value(&h.found)
		r.Value(&h.place)
		r.Value(&h.words)
	}
	r.Value(&s.anew.words)
	r.Value(&s.anew.places)
	s.level = r.blocks()
	for _, b := range s.level {
		s.levelBytes += b.bytes()
	}
	for g := range s.groups {
		group := &s.groups[g]
		r.table(&group.table)
		r.table(&group.young)
		r.origins(&group.origins)
		r.origins(&group.notes)
		group.next.blocks = r.blocks()
		for _, b := range group.next.blocks[:max(0, len(group.next.blocks)-1)] {
			group.next.full += b.bytes()
		}
	}
	if len(s.kindsBefore) != len(s.model.Kinds()) {
		r.Fail("other kinds of step")
	}
}

func (r *Reader) blocks() []*block {
	var blocks []*block
	for range r.Len() {
		var numbers []int
		b := &block{}
		r.Value(&numbers)
		r.Value(&b.words)
		r.Value(&b.places)
		if r.err != nil || len(numbers) != 3 {
			r.Fail("a damaged block")
			return nil
		}
		b.count, b.group, b.first = numbers[0], numbers[1], numbers[2]
		blocks = append(blocks, b)
	}
	return blocks
}

func (r *Reader) table(t *table) {
	var numbers []int
	if r.Value(&numbers); r.err != nil || len(numbers) != 3 {
		r.Fail("a damaged table")
		return
	}
	t.homes, t.used, t.limit = numbers[0], numbers[1], numbers[2]
	for _, column := range []*[]*segment{&t.slots, &t.second, &t.number} {
		*column = (*column)[:0]
		for n := r.Len(); n > 0 && r.err == nil; n-- {
			s := new(segment)
			for i := range s {
				s[i] = r.fixed()
			}
			*column = append(*column, s)
		}
	}
}

func (r *Reader) origins(o *origins) {
	for n := r.Len(); n > 0 && r.err == nil; n-- {
		o.add(r.fixed())
	}
}

// kinds counts the steps of each kind.
func (s *search) kinds() []uint64 {
	kinds := make([]uint64, len(s.model.Kinds()))
	copy(kinds, s.kindsBefore)
	for i := range s.workers {
		for _, b := range s.workers[i].batches {
			for kind := range kinds {
				kinds[kind] += b.kinds[kind]
			}
		}
	}
	return slices.Clip(kinds)
}
