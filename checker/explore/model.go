package explore

// Model is a system that can be explored. Its states are vectors of words, all
// of the same length and free of pointers: what is bigger than a word is
// interned by the model, and the word names it.
//
// A model is used by several workers at once.
type Model interface {
	// Width returns the number of words of a state.
	Width() int
	// Expander returns what computes successors, for one worker.
	Expander() Expander
	// Properties returns what is asked of the model, at most 64 of them.
	Properties() []Property
	// Kinds names the kinds of step, at most 256 of them.
	Kinds() []string
	// Describe tells a state in words: one line a part, "name: value". The
	// lines of two states correspond.
	Describe(state []uint32) []string
	// Explain tells in words the step that a label stands for.
	Explain(label Label) string
	// Bytes returns the size of what the model has interned.
	Bytes() uint64
}

// Expander computes with states, for one worker at a time.
type Expander interface {
	// Initial adds every initial state.
	Initial(batch *Batch)
	// Expand adds every successor of a state. Their number and order depend
	// on the state alone.
	Expand(state []uint32, batch *Batch)
	// Hits returns the properties that a state hits, property i as bit i.
	Hits(state []uint32) uint64
}

// Symmetric is an Expander of a model of which parts can be interchanged.
type Symmetric interface {
	Expander
	// Canonical replaces a state by the one that stands for all that come
	// from it by interchanging such parts.
	Canonical(state []uint32)
}

// Change is a part of a state that a step changes, in words; one of both is ""
// if there was nothing before, or nothing is left.
type Change struct{ Before, After string }

// Differ is a model that tells itself what a step changes, because its states
// are too big to be told as a whole.
type Differ interface {
	Model
	Differences(before, after []uint32) []Change
}

// Differences tells what a step changes.
func Differences(m Model, before, after []uint32) []Change {
	if d, ok := m.(Differ); ok {
		return d.Differences(before, after)
	}
	var changes []Change
	was, is := m.Describe(before), m.Describe(after)
	for i := range max(len(was), len(is)) {
		var c Change
		if i < len(was) {
			c.Before = was[i]
		}
		if i < len(is) {
			c.After = is[i]
		}
		if c.Before != c.After {
			changes = append(changes, c)
		}
	}
	return changes
}

// Peopled is a model of processes.
type Peopled interface {
	Model
	// Processes names them.
	Processes() []string
	// Process returns whose step a label stands for, by its place among them.
	Process(label Label) int
}

// Label tells apart the steps of a model: the lowest byte is the kind of the
// step, the rest is the model's.
type Label uint64

// Kind returns the kind of the step, an index of Model.Kinds.
func (l Label) Kind() int { return int(l & 0xff) }

// Expectation is what is asked of a property's hits.
type Expectation uint8

// The expectations.
const (
	// Never: no reachable state may hit it.
	Never Expectation = iota
	// Sometimes: some reachable state must hit it, so that nothing holds
	// only because nothing happens.
	Sometimes
	// Eventually: every behaviour that goes on as long as it can must hit it.
	Eventually
	// Again: after every state each such behaviour must hit it again.
	Again
)

// AtLast reports whether it is asked of whole behaviours, not of states.
func (e Expectation) AtLast() bool { return e == Eventually || e == Again }

// Property is a question about the states of a model.
type Property struct {
	Name string
	// Sentence is what holds, in words.
	Sentence    string
	Expectation Expectation
}
