package door

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"quorumlab/network/tcp"
	"quorumlab/protocols"
	"quorumlab/protocols/machine"
)

// readerMost is how many commands' changes may wait for one reader, readerBytes is from
// how many bytes of them on no more may.
const (
	readerMost  = 1024
	readerBytes = 16 << 20
)

// reader is one who watches.
type reader struct {
	key    string
	prefix bool
	// changes are those of one revision at a time. It is closed when the reader was
	// too slow, or the node's copy jumped.
	changes chan []machine.Change
	bytes   atomic.Int64 // of what waits
}

// bytesOf returns how many bytes changes have.
func bytesOf(group []machine.Change) (bytes int64) {
	for i := range group {
		bytes += int64(len(group[i].Key) + len(group[i].Value))
	}
	return bytes
}

func (r *reader) wants(key string) bool {
	if key == sessionKey {
		return false
	}
	return key == r.key || r.prefix && strings.HasPrefix(key, r.key)
}

// hub tells readers of changes. It is called by the loop, and never waits for them.
type hub struct {
	mu      sync.Mutex
	readers map[*reader]struct{}
	seen    uint64 // the revision up to which the readers were told
}

// observe tells the readers what a step changed.
func (h *hub) observe(step tcp.Step) {
	journal := journalOf(step.Node)
	if journal == nil || journal.Revision == h.seen {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.readers) > 0 {
		changes, complete := journal.Since(h.seen)
		for r := range h.readers {
			if !complete || !r.tell(changes) {
				close(r.changes)
				delete(h.readers, r)
			}
		}
	}
	h.seen = journal.Revision
}

// tell queues the changes that a reader wants; false if there is no room.
func (r *reader) tell(changes []machine.Change) bool {
	for _, group := range r.pick(changes) {
		if r.bytes.Load() >= readerBytes {
			return false
		}
		r.bytes.Add(bytesOf(group))
		select {
		case r.changes <- group:
		default:
			return false
		}
	}
	return true
}

// pick returns the changes that a reader wants, those of a revision together.
func (r *reader) pick(changes []machine.Change) (groups [][]machine.Change) {
	for _, change := range changes {
		last := len(groups) - 1
		switch {
		case !r.wants(change.Key):
		case last >= 0 && groups[last][0].Revision == change.Revision:
			groups[last] = append(groups[last], change)
		default:
			groups = append(groups, []machine.Change{change})
		}
	}
	return groups
}

// join adds a reader, and returns the changes that it wants from a revision on (0: from
// now on), and the node's revision. It is called by the loop, so that no change
// comes in between. It reports false if some of them are not known any more.
func (h *hub) join(r *reader, from uint64, journal *machine.Journal) (past [][]machine.Change, revision uint64, complete bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if from > 0 {
		known, complete := journal.Since(from - 1)
		if !complete {
			return nil, journal.Revision, false
		}
		past = r.pick(known)
	}
	h.seen = journal.Revision
	h.readers[r] = struct{}{}
	return past, journal.Revision, true
}

func (h *hub) leave(r *reader) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.readers, r)
}

func (h *hub) count() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.readers)
}

// watchSilence is how often a stream without changes has a comment, by which both
// ends learn that the other is gone.
const watchSilence = 10 * time.Second

func (d *Door) watch(r *http.Request, node Node) (any, error) {
	query := r.URL.Query()
	watcher := &reader{key: r.PathValue("key"), changes: make(chan []machine.Change, readerMost)}
	switch prefix := query.Get("prefix"); prefix {
	case "", "false":
		if err := checkKey(watcher.key); err != nil {
			return nil, err
		}
	case "true":
		watcher.prefix = true
	default:
		return nil, fmt.Errorf("prefix is %q: use true or false", prefix)
	}
	from, err := watchFrom(r)
	if err != nil {
		return nil, err
	}
	poll, err := duration(r, "poll", 0)
	if err != nil {
		return nil, err
	}
	patient(r)
	var past [][]machine.Change
	var revision uint64
	var complete, kept bool
	looked := node.Look(r.Context(), func(n protocols.Node, _ time.Duration) {
		if journal := journalOf(n); journal != nil {
			kept = true
			past, revision, complete = d.watches.join(watcher, from, journal)
		}
	})
	defer d.watches.leave(watcher)
	switch {
	case !looked:
		return nil, stopped()
	case !kept:
		return nil, &Fault{Kind: protocols.Unsupported, Done: "no", Message: "the node keeps no journal of changes"}
	case !complete:
		return nil, &Fault{
			Kind: "compacted", Done: "no", Message: fmt.Sprintf("the changes from revision %d on are not known any more", from),
			Hint: "get the key, and watch from the revision that is given here", Revision: revision,
		}
	case poll > 0:
		return d.poll(r.Context(), node, watcher, past, revision, poll), nil
	}
	d.stream(r, node, watcher, past, revision)
	return answered{}, nil
}

// watchFrom reads from which revision on a watch is; 0 stands for now.
func watchFrom(r *http.Request) (uint64, error) {
	text := r.URL.Query().Get("from")
	after := uint64(0)
	if last := r.Header.Get("Last-Event-ID"); text == "" && last != "" {
		text, after = last, 1
	}
	if text == "" {
		return 0, nil
	}
	from, err := strconv.ParseUint(text, 10, 64)
	if err != nil || from+after == 0 {
		return 0, fmt.Errorf("from is %q: use a revision, from 1", text)
	}
	return from + after, nil
}

// poll answers as soon as there is a change.
func (d *Door) poll(
	ctx context.Context, node Node, watcher *reader, past [][]machine.Change, revision uint64, limit time.Duration,
) Changes {
	answer := Changes{Revision: revision, Changes: []Change{}}
	bytes := int64(0)
	take := func(group []machine.Change) {
		bytes += bytesOf(group)
		for _, change := range group {
			answer.Changes = append(answer.Changes, changeOf(change))
			answer.Revision = max(answer.Revision, change.Revision)
		}
	}
	for _, group := range past {
		if bytes+bytesOf(group) > bodyMost && bytes > 0 {
			answer.Revision = answer.Changes[len(answer.Changes)-1].Revision
			break // the next poll goes on there
		}
		take(group)
	}
	if len(past) > 0 {
		return answer
	}
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-node.Done():
	case <-timer.C:
	case group, open := <-watcher.changes:
		for open {
			take(group)
			open = false
			if bytes < bodyMost/2 {
				select {
				case group, open = <-watcher.changes:
				default:
				}
			}
		}
	}
	return answer
}

// stream writes changes as server-sent events until the reader goes.
func (d *Door) stream(r *http.Request, node Node, watcher *reader, past [][]machine.Change, revision uint64) {
	w := r.Context().Value(exchangeKey{}).(exchange).w
	control := http.NewResponseController(w)
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusOK)
	send := func(format string, args ...any) bool {
		control.SetWriteDeadline(time.Now().Add(watchSilence)) // not every writer has one
		_, err := fmt.Fprintf(w, format, args...)
		return err == nil && control.Flush() == nil
	}
	tell := func(group []machine.Change) bool {
		if bytes := bytesOf(group); bytes > bodyFree {
			paid := d.answers.rent(int(bytes))
			if paid == nil {
				return false
			}
			defer paid()
		}
		var text []byte
		for i, change := range group {
			data, err := json.Marshal(changeOf(change))
			if err != nil {
				return false
			}
			if i == len(group)-1 { // whoever comes back has had all of the revision
				text = fmt.Appendf(text, "id: %d\n", change.Revision)
			}
			text = fmt.Appendf(text, "event: change\ndata: %s\n\n", data)
		}
		return send("%s", text)
	}
	if len(past) > 0 {
		revision = past[0][0].Revision - 1
	}
	if !send("event: ready\ndata: {\"revision\":%d}\n\n", revision) {
		return
	}
	for _, group := range past {
		if !tell(group) {
			return
		}
	}
	silence := time.NewTicker(watchSilence)
	defer silence.Stop()
	for {
		ok := true
		select {
		case <-r.Context().Done():
			return
		case <-node.Done():
			return
		case <-silence.C:
			ok = send(": still here\n\n")
		case group, open := <-watcher.changes:
			if !open {
				send("event: gap\ndata: {}\n\n")
				return
			}
			watcher.bytes.Add(-bytesOf(group))
			ok = tell(group)
		}
		if !ok {
			return
		}
	}
}
