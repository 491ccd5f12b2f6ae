package command

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"quorumlab/checker/linear"
	"quorumlab/network/tcp/door"
	"quorumlab/protocols/machine"
)

// The clients of torture. Each does one thing after the other: it writes, reads,
// compares and swaps a few keys that all clients share, and writes keys of its own
// once each, which are looked for at the end. Shared keys are replaced by new ones
// after a while, so that each has a history that can be judged.

const (
	sharedPrefix = "shared-"
	sharedKeys   = 6
	// sharedUses is after how many operations a shared key is replaced.
	sharedUses = 150
	// operationMax is how long a client waits for the answer to one operation.
	operationMax = 4 * time.Second
	// ownShare of the operations are writes of a key that is written once.
	ownShare = 0.25
)

type tortureClients struct {
	torment *tormented
	doors   []string
	stopped context.CancelFunc
	all     sync.WaitGroup
	uses    atomic.Uint64
	once    sync.Once

	mu      sync.Mutex
	history linear.History
	// own are the keys that were written once, and what became of that.
	own map[string]ownWrite
	// shared are the keys that were used by all.
	shared map[string]bool
}

// ownWrite is what became of writing a key once.
type ownWrite struct {
	value        string
	acknowledged bool
}

func newTortureClients(t *tormented) *tortureClients {
	return &tortureClients{torment: t, doors: t.cluster.Layout().Doors(), own: map[string]ownWrite{}, shared: map[string]bool{}}
}

func (c *tortureClients) start(ctx context.Context) {
	ctx, c.stopped = context.WithCancel(ctx)
	for client := range c.torment.flags.clients {
		c.all.Go(func() { c.live(ctx, client) })
	}
}

// stop has all clients finish what they do.
func (c *tortureClients) stop() {
	c.once.Do(func() {
		if c.stopped != nil {
			c.stopped()
		}
	})
	c.all.Wait()
}

// sinceBegin is the clock of the history.
func (c *tortureClients) sinceBegin() int64 { return int64(time.Since(c.torment.began)) }

// client is one of them.
type tortureClient struct {
	all    *tortureClients
	number int
	random *rand.Rand
	door   *door.Client
	count  int
	// seen is what it last knew of shared keys.
	seen map[string]linear.Value
}

// live is the life of a client.
func (c *tortureClients) live(ctx context.Context, number int) {
	options := door.ClientOptions{First: number, Attempt: time.Second}
	if number%2 == 1 { // both doors are tried
		options.HTTP = door.NewTransport(1)
	}
	one := &tortureClient{
		all: c, number: number, random: rand.New(rand.NewPCG(c.torment.flags.seed, uint64(number)+1)),
		door: door.NewClient(c.doors, options), seen: map[string]linear.Value{},
	}
	defer one.door.Close()
	gap := time.Duration(float64(c.torment.flags.clients) / c.torment.flags.rate * float64(time.Second))
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		begun := time.Now()
		one.operate()
		pause := time.Duration(float64(gap) * (0.5 + one.random.Float64()))
		timer.Reset(max(0, pause-time.Since(begun)))
	}
}

// operate does one operation and notes what became of it. It is not cut short when
// torture ends: what would be left is of unknown fate.
func (c *tortureClient) operate() {
	c.count++
	name := fmt.Sprintf("c%d-%d", c.number+1, c.count)
	if c.random.Float64() < ownShare {
		op := c.perform(linear.Operation{Key: "own-" + name, Kind: linear.Write, In: linear.Some(name)})
		c.all.mu.Lock()
		c.all.own[op.Key] = ownWrite{value: name, acknowledged: op.Outcome == linear.OK}
		c.all.mu.Unlock()
		return
	}
	use := c.all.uses.Add(1)
	slot := c.random.IntN(sharedKeys)
	key := fmt.Sprintf("%s%d-%d", sharedPrefix, use/(sharedUses*sharedKeys), slot)
	op := linear.Operation{Key: key, In: linear.Some(name)}
	switch draw := c.random.IntN(10); {
	case draw < 4:
		op.Kind, op.In = linear.Read, linear.Value{}
	case draw < 8:
		op.Kind = linear.Write
	default:
		op.Kind, op.Expected = linear.CAS, c.seen[key]
	}
	op = c.perform(op)
	switch {
	case op.Outcome != linear.OK:
	case op.Kind == linear.Read:
		c.seen[key] = op.Out
	case op.Kind == linear.Write, op.Swapped:
		c.seen[key] = op.In
	}
}

// perform carries out an operation at the cluster, and adds it to the history.
func (c *tortureClient) perform(op linear.Operation) linear.Operation {
	ctx, cancel := context.WithTimeout(context.Background(), operationMax)
	defer cancel()
	op.Client, op.Session = fmt.Sprintf("c%d", c.number+1), uint64(c.number)+1
	op.Invoke = c.all.sinceBegin()
	var err error
	switch op.Kind {
	case linear.Read:
		var result machine.Result
		result, err = c.door.Get(ctx, op.Key, false)
		op.Out = linear.Value{Text: result.Value, Present: result.Found}
	case linear.CAS:
		var result any
		result, err = c.door.Do(ctx, machine.Command{
			Op: machine.CAS, Key: op.Key, Value: op.In.Text, Expect: op.Expected.Text, Absent: !op.Expected.Present,
		})
		if done, ok := result.(machine.Result); ok {
			op.Swapped = done.Swapped
		}
	default:
		_, err = c.door.Do(ctx, machine.Command{Op: machine.Put, Key: op.Key, Value: op.In.Text})
	}
	op.Return, op.Outcome = c.all.sinceBegin(), linear.OK
	if err != nil {
		op.Out, op.Swapped = linear.Value{}, false
		op.Outcome, op.Error = linear.Fail, kindOfError(err)
		if _, unknown := errors.AsType[*door.UnknownError](err); unknown {
			op.Outcome = linear.Info
		}
	}
	c.all.mu.Lock()
	defer c.all.mu.Unlock()
	op.ID = len(c.all.history) + 1
	c.all.history = append(c.all.history, op)
	if strings.HasPrefix(op.Key, sharedPrefix) {
		c.all.shared[op.Key] = true
	}
	return op
}

// kindOfError names an error in a word.
func kindOfError(err error) string {
	if fault, ok := errors.AsType[*door.Fault](err); ok {
		return fault.Kind
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return "timeout"
	}
	return "connection"
}
