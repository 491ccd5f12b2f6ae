package quorumstore

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"quorumlab/protocols"
	"quorumlab/protocols/machine"
)

// A key has versions. Merging what two replicas hold of it must give the same
// whatever is merged first or twice, and must never lose a version that no
// other one replaces: this is what makes replicas converge. What replaces what
// is told by the versions themselves.

// Version is one value that was written to a key.
type Version struct {
	Stamp Stamp
	Value string
	// Deleted: the key was deleted. Such a tombstone is removed when it is
	// old; At is what the coordinator's clock then showed.
	Deleted bool
	At      time.Duration
	// Context holds, with conflicts=siblings, what the writer had seen: a
	// version vector, by growing client.
	Context []Seen
}

// Stamp names a version. Client and Request are those of the write, so two
// different writes never have the same.
//
// With conflicts=logical and lww, versions of one key are ordered by Stamp,
// field by field, and the highest alone is kept. With conflicts=siblings Time
// and Node are 0. The version that a key is given with has the zero Stamp.
type Stamp struct {
	// Time is a counter one above all that the coordinator has seen of the
	// key (logical), or its clock (lww).
	Time    int64
	Node    protocols.NodeID // the coordinator
	Client  protocols.ClientID
	Request uint64
}

// Seen says that all writes of a client to the key, up to a request, were seen.
// Clients write one after another, so a client's next write replaces what it
// wrote before, whether it has read that or not.
type Seen struct {
	Client  protocols.ClientID
	Request uint64
}

func (s Stamp) compare(other Stamp) int {
	return cmp.Or(
		cmp.Compare(s.Time, other.Time), cmp.Compare(s.Node, other.Node),
		cmp.Compare(s.Client, other.Client), cmp.Compare(s.Request, other.Request),
	)
}

// initial tells whether it is that of the version a key is given with.
func (s Stamp) initial() bool { return s == Stamp{} }

// seen tells whether a version vector covers a write.
func seen(context []Seen, stamp Stamp) bool {
	at, found := slices.BinarySearchFunc(context, stamp.Client, func(s Seen, client protocols.ClientID) int {
		return cmp.Compare(s.Client, client)
	})
	return found && context[at].Request >= stamp.Request
}

// replaces tells whether a version makes another one, of another write,
// superfluous.
func (v *Version) replaces(other *Version) bool {
	switch {
	case other.Stamp.initial():
		return true
	case v.Stamp.Node != 0: // ordered
		return v.Stamp.compare(other.Stamp) > 0
	}
	return seen(v.Context, other.Stamp)
}

// covers tells whether merging a version into what is held changes nothing: it is
// there, or replaced, and what it had seen is known as well.
func covers(held []Version, version *Version) bool {
	covered := false
	for i := range held {
		if held[i].Stamp != version.Stamp && !held[i].replaces(version) {
			continue
		}
		if !includes(held[i].Context, version.Context) {
			return false
		}
		covered = true
	}
	return covered
}

// includes tells whether a version vector covers all that another one does.
func includes(a, b []Seen) bool {
	return !slices.ContainsFunc(b, func(s Seen) bool { return !seen(a, Stamp{Client: s.Client, Request: s.Request}) })
}

// coversAll tells whether merging versions into what is held changes nothing.
func coversAll(held, versions []Version) bool {
	for i := range versions {
		if !covers(held, &versions[i]) {
			return false
		}
	}
	return true
}

// same tells whether two replicas hold the same of a key.
func same(a, b []Version) bool { return coversAll(a, b) && coversAll(b, a) }

// merge returns what remains of two replicas' versions of a key. It changes
// neither, and what it returns may share their arrays.
func merge(a, b []Version) []Version {
	switch {
	case len(b) == 0 || len(a) > 0 && coversAll(a, b):
		return a
	case len(a) == 0 || coversAll(b, a):
		return b
	}
	all := slices.Clone(a)
	for i := range b {
		at := slices.IndexFunc(all, func(v Version) bool { return v.Stamp == b[i].Stamp })
		if at < 0 {
			all = append(all, b[i])
		} else {
			all[at].Context = join(all[at].Context, b[i].Context)
		}
	}
	absorb(all)
	kept := make([]Version, 0, len(all))
	for i := range all {
		if !slices.ContainsFunc(all, func(v Version) bool { return v.Stamp != all[i].Stamp && v.replaces(&all[i]) }) {
			kept = append(kept, all[i])
		}
	}
	slices.SortFunc(kept, func(a, b Version) int { return a.Stamp.compare(b.Stamp) })
	return kept
}

// absorb lets versions know what those had seen which they replace. Without it a
// version could come back that was replaced by one since replaced itself: a
// client's write replaces its last one even if its coordinator had not read that.
func absorb(all []Version) {
	for again := true; again; {
		again = false
		for i := range all {
			for k := range all {
				if all[i].Stamp != all[k].Stamp && all[i].replaces(&all[k]) && !includes(all[i].Context, all[k].Context) {
					all[i].Context = join(all[i].Context, all[k].Context)
					again = true
				}
			}
		}
	}
}

// join returns the version vector that covers what two cover.
func join(a, b []Seen) []Seen {
	joined := make([]Seen, 0, len(a)+len(b))
	for len(a) > 0 && len(b) > 0 {
		switch {
		case a[0].Client < b[0].Client:
			joined, a = append(joined, a[0]), a[1:]
		case a[0].Client > b[0].Client:
			joined, b = append(joined, b[0]), b[1:]
		default:
			joined = append(joined, Seen{a[0].Client, max(a[0].Request, b[0].Request)})
			a, b = a[1:], b[1:]
		}
	}
	return append(append(joined, a...), b...)
}

// context returns the version vector that covers all versions held.
func context(held []Version) []Seen {
	var all []Seen
	for i := range held {
		all = join(all, held[i].Context)
		if s := held[i].Stamp; !s.initial() {
			all = join(all, []Seen{{s.Client, s.Request}})
		}
	}
	return all
}

// highest returns the greatest Time of the versions held.
func highest(held []Version) int64 {
	top := int64(0)
	for i := range held {
		top = max(top, held[i].Stamp.Time)
	}
	return top
}

// result returns what a reader of these versions is answered, and how many
// values that are. Siblings are all answered, side by side: a register cannot
// show two values, and to pick one would hide that the other was accepted.
func result(held []Version) (machine.Result, int) {
	var values []string
	for i := range held {
		if !held[i].Deleted {
			values = append(values, held[i].Value)
		}
	}
	return machine.Result{Value: strings.Join(values, machine.Siblings), Found: len(values) > 0}, len(values)
}

// expired tells whether all that is left of a key is a tombstone older than an
// age, by the clock of who asks.
func expired(held []Version, now, age time.Duration) bool {
	for i := range held {
		if !held[i].Deleted || now-held[i].At < age {
			return false
		}
	}
	return true
}
