package tcp

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"quorumlab/protocols"
)

// Errors of a request. Of each is known whether the command may have been, or may
// yet be, executed on account of it.
var (
	// ErrBusy: too many requests are under way, or too many bytes of them. Surely not
	// executed.
	ErrBusy = errors.New("too many requests are under way")
	// ErrStopped: the driver had stopped before it got the request. Surely not
	// executed.
	ErrStopped = errors.New("the node has stopped")
	// ErrUnknown: the driver stopped while the request was under way, or who
	// asked would not wait any longer. Nobody knows.
	ErrUnknown = errors.New("no answer: the request may have been executed, or may yet be")
)

// HaltedError is why a driver stopped whose node stopped by itself, for good.
type HaltedError struct{ Why string }

func (e *HaltedError) Error() string { return "the node halted: " + e.Why }

// Driver runs one life of a node. One goroutine calls Step; all others talk to it
// through the mailbox.
type Driver struct {
	config  Config
	log     *slog.Logger
	mailbox *mailbox
	peers   map[protocols.NodeID]*peer
	strange strangers

	// The loop's own. Now is what the clock read after all had come that is handled.
	now      time.Duration
	timers   timers
	effects  protocols.Effects
	waiting  map[call]*Asking
	answered bool    // somebody, since that was settled the last time
	dirty    []*peer // with messages that no writer was told of
	batch    []letter

	requests atomic.Int64
	burden   burden
	stats    counters

	ctx    context.Context // ends when the driver stops
	cancel context.CancelFunc
	all    sync.WaitGroup // goroutines other than the loop
	done   chan struct{}
	err    error // why it stopped; to be read when done is closed
	once   sync.Once
	stop   chan struct{}
}

// batchMost is how many events are handled before the writers are woken, the timers
// looked at and the clock is read again.
const batchMost = 256

// Start recovers the disk and begins the node's life. The error says what is wrong
// with the configuration or the disk.
func Start(config Config) (*Driver, error) {
	config, err := config.checked()
	if err != nil {
		return nil, err
	}
	d := &Driver{
		config: config, log: config.Log, mailbox: newMailbox(config.Limits.Mailbox),
		peers: map[protocols.NodeID]*peer{}, waiting: map[call]*Asking{},
		done: make(chan struct{}), stop: make(chan struct{}),
	}
	d.strange.most = config.Limits.Strangers
	d.burden.most = config.Limits.RequestBytes
	d.ctx, d.cancel = context.WithCancel(context.Background())
	for id, address := range config.Peers {
		d.peers[id] = newPeer(d, id, address)
	}
	content, err := config.Disk.Recover(d.told)
	if err != nil {
		d.cancel()
		return nil, fmt.Errorf("the disk cannot be used: %w", err)
	}
	go d.run(content)
	return d, nil
}

// told is what the disk says.
func (d *Driver) told(mark uint64, err error) {
	if err != nil {
		d.mailbox.post(letter{failed: err})
		return
	}
	d.mailbox.post(letter{event: protocols.Persisted{Mark: mark}})
}

// Done is closed when the driver has stopped.
func (d *Driver) Done() <-chan struct{} { return d.done }

// Err returns, when Done is closed, why the driver stopped: nil if it was closed, a
// HaltedError, or what the disk said.
func (d *Driver) Err() error {
	select {
	case <-d.done:
		return d.err
	default:
		return nil
	}
}

// Close stops the driver and waits until it has stopped. It returns what Err does.
func (d *Driver) Close() error {
	d.once.Do(func() { close(d.stop) })
	<-d.done
	return d.err
}

// Look has the loop call a function between two steps, with the node's clock. It
// must not change the node, nor keep anything of it that changes. It reports
// false, without having called it, if the driver has stopped or the context ends
// before its turn comes.
func (d *Driver) Look(ctx context.Context, look func(node protocols.Node, now time.Duration)) bool {
	finished := make(chan struct{})
	// 0: its turn has not come; 1: it is running or over; 2: called off.
	var turn atomic.Int32
	posted := d.mailbox.post(letter{look: func(node protocols.Node, now time.Duration) {
		if turn.CompareAndSwap(0, 1) {
			look(node, now)
		}
		close(finished)
	}})
	if !posted {
		return false
	}
	select {
	case <-finished:
		return true
	case <-ctx.Done():
	case <-d.done:
	}
	if turn.CompareAndSwap(0, 2) {
		return false
	}
	<-finished
	return true
}

// run is the life of the node.
func (d *Driver) run(content protocols.Disk) {
	d.all.Add(1)
	go func() {
		defer d.all.Done()
		d.accept()
	}()
	d.now = d.config.Clock()
	d.step(protocols.Recovered{Disk: content})
	d.flush()
	d.loop()
	d.end()
}

// end lets go of everything.
func (d *Driver) end() {
	d.cancel()
	left := d.mailbox.close()
	if d.config.Listener != nil {
		d.config.Listener.Close()
	}
	d.strange.closeAll()
	for _, p := range d.peers {
		p.shut()
	}
	d.all.Wait()
	if err := d.config.Disk.Close(); err != nil && d.err == nil {
		d.err = fmt.Errorf("the disk could not be closed: %w", err)
	}
	for _, l := range left {
		d.abandon(l)
	}
	for _, first := range d.waiting {
		d.tell(first, Answer{Err: ErrUnknown})
	}
	d.settle()
	close(d.done)
}

// abandon answers a letter that came too late.
func (d *Driver) abandon(l letter) {
	if l.asking != nil {
		l.asking.tell(Answer{Err: ErrStopped})
		d.answered = true
	}
}

// loop handles what comes, until it is told to stop or has to.
func (d *Driver) loop() {
	alarm := time.NewTimer(time.Hour)
	defer alarm.Stop()
	for d.err == nil {
		select {
		case <-d.stop:
			return
		default:
		}
		d.fire()
		if !d.empty() {
			d.wait(alarm)
		}
	}
}

// empty handles what is in the mailbox, and reports whether there was anything. Those
// who are about to bring more are let do so first: what leaves the node in few large
// pieces costs it and others less.
func (d *Driver) empty() bool {
	runtime.Gosched()
	letters := d.mailbox.take(d.batch)
	d.batch = letters
	for i := range letters {
		if i%batchMost == 0 {
			d.pause(i)
		}
		if d.handle(&letters[i]); d.err != nil {
			for _, l := range letters[i+1:] {
				d.abandon(l)
			}
			return true
		}
	}
	d.flush()
	return len(letters) > 0
}

// pause reads the clock, once for many letters: a system call for each would cost more
// than most steps. Behind some of many letters it first does what should not wait for
// the last of them.
func (d *Driver) pause(handled int) {
	if handled > 0 {
		d.flush()
		d.fire()
	}
	d.now = d.config.Clock()
}

// flush lets go of what the steps so far want to leave this node.
func (d *Driver) flush() {
	d.wakeWriters()
	d.settle()
}

// wait returns when there may be something to do.
func (d *Driver) wait(alarm *time.Timer) {
	_, first := d.timers.first()
	if first != never {
		alarm.Reset(max(0, first-d.config.Clock()))
	} else {
		alarm.Stop()
	}
	select {
	case <-d.mailbox.wake:
	case <-alarm.C:
	case <-d.stop:
	}
}

// fire lets all timers fire that are due.
func (d *Driver) fire() {
	if _, first := d.timers.first(); first == never {
		return
	}
	d.now = d.config.Clock()
	for d.err == nil {
		timer, due := d.timers.due(d.now)
		if !due {
			return
		}
		d.step(protocols.TimerFired{Timer: timer})
	}
}

// handle does what a letter says.
func (d *Driver) handle(l *letter) {
	switch {
	case l.failed != nil:
		d.err = fmt.Errorf("the disk failed: %w", l.failed)
	case l.look != nil:
		l.look(d.config.Node, d.config.Clock())
	case l.forget != nil:
		d.forget(l.forget)
	case l.asking != nil:
		d.await(l.asking)
		d.step(l.event)
	case l.peer != nil:
		l.peer.markerDelivered()
		d.step(l.event)
	default:
		d.step(l.event)
	}
}

// step has the node handle an event, and carries out its effects. The node's clock
// is read after the event came: what a lease allows then it allowed when the client
// had asked.
func (d *Driver) step(event protocols.Event) {
	now := d.now
	d.effects = d.effects[:0]
	d.config.Node.Step(now, event, &d.effects)
	d.stats.steps.Add(1)
	for _, effect := range d.effects {
		switch e := effect.(type) {
		case protocols.Send:
			d.send(e)
		case protocols.SetTimer:
			d.timers.set(now, e)
		case protocols.CancelTimer:
			d.timers.cancel(e.Timer)
		case protocols.Persist:
			d.config.Disk.Persist(e)
		case protocols.Reply:
			d.reply(e)
		case protocols.Note:
			if e.Kind == protocols.Halted {
				d.err = &HaltedError{Why: e.Text}
			}
		}
	}
	for _, observe := range d.config.Observe {
		observe(Step{Now: now, Event: event, Effects: d.effects, Node: d.config.Node})
	}
	clear(d.effects) // lets go of what they hold
}

func (d *Driver) send(e protocols.Send) {
	p := d.peers[e.To]
	if p == nil {
		panic(fmt.Sprintf("tcp: node %d sends to %d, which is itself or nobody", d.config.Self, e.To))
	}
	if p.send(e.Message) {
		d.dirty = append(d.dirty, p)
	}
}

// wakeWriters tells the writers of what was sent since the last time.
func (d *Driver) wakeWriters() {
	for i, p := range d.dirty {
		p.ring()
		d.dirty[i] = nil
	}
	d.dirty = d.dirty[:0]
}
