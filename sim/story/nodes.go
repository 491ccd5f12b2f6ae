package story

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"quorumlab/protocols"
	"quorumlab/sim"
)

func (p *player) boot(words []string) error {
	ids, err := p.nodes(words)
	if err != nil {
		return err
	}
	for _, id := range ids {
		if p.cell(id).Up {
			return fmt.Errorf("%s runs already", p.name(id))
		}
		if err := p.inflict(sim.Fault{Kind: sim.RestartNode, Node: id}); err != nil {
			return err
		}
	}
	return nil
}

// crash: NODES [keeping all|none|N [torn]].
func (p *player) crash(words []string) error {
	f := sim.Fault{Kind: sim.CrashNode}
	words, keep, err := keeping(words)
	if err != nil {
		return err
	}
	if f.Keep = max(keep, -1); keep == keepUnsaid {
		f.Keep = 0
	}
	if last := len(words) - 1; last > 0 && words[last] == "torn" {
		f.Torn, words = true, words[:last]
	}
	ids, err := p.nodes(words)
	if err != nil {
		return err
	}
	for _, id := range ids {
		unforced := p.cell(id).Disk.Unforced()
		switch {
		case !p.cell(id).Up:
			return fmt.Errorf("%s is down already", p.name(id))
		case f.Keep > unforced:
			return fmt.Errorf("%s has %d unforced writes", p.name(id), unforced)
		case f.Torn && (f.Keep < 0 || f.Keep == unforced):
			return fmt.Errorf("%s has no write that could be torn after those kept (%d unforced)", p.name(id), unforced)
		}
		f.Node = id
		if err := p.inflict(f); err != nil {
			return err
		}
	}
	return nil
}

// keepUnsaid: nothing was said of what is kept; keepAll: all is.
const (
	keepAll    = -1
	keepUnsaid = -2
)

// keeping takes "keeping all|none|N" out of words.
func keeping(words []string) (rest []string, keep int, err error) {
	for i, word := range words {
		if word != "keeping" {
			continue
		}
		if i+1 == len(words) {
			return nil, 0, errors.New("keeping all, none or how many?")
		}
		rest = append(append(rest, words[:i]...), words[i+2:]...)
		switch words[i+1] {
		case "all":
			return rest, keepAll, nil
		case "none":
			return rest, 0, nil
		}
		keep, err = strconv.Atoi(words[i+1])
		if err != nil || keep < 0 {
			return nil, 0, fmt.Errorf("keeping %q: say all, none or a number", words[i+1])
		}
		return rest, keep, nil
	}
	return words, keepUnsaid, nil
}

func (p *player) pause(words []string) error  { return p.pausing(words, sim.PauseNode) }
func (p *player) resume(words []string) error { return p.pausing(words, sim.ResumeNode) }

func (p *player) pausing(words []string, kind sim.FaultKind) error {
	ids, err := p.nodes(words)
	if err != nil {
		return err
	}
	for _, id := range ids {
		if cell := p.cell(id); !cell.Up || cell.Paused == (kind == sim.PauseNode) {
			return fmt.Errorf("%s is %s", p.name(id), condition(cell))
		}
		if err := p.inflict(sim.Fault{Kind: kind, Node: id}); err != nil {
			return err
		}
	}
	return nil
}

// condition says how a node is.
func condition(cell *sim.Cell) string {
	switch {
	case !cell.Up:
		return "down"
	case cell.Paused:
		return "paused"
	}
	return "up"
}

// sync: NODES, or all that force something.
func (p *player) sync(words []string) error {
	ids, err := p.nodes(words)
	if err != nil {
		return err
	}
	done := 0
	for _, id := range ids {
		if p.cell(id).Disk.Syncing == 0 && words[0] == "all" {
			continue
		}
		if err := p.syncOne(sim.Choice{Kind: sim.Sync, Node: id}); err != nil {
			return err
		}
		done++
	}
	if done == 0 {
		return errors.New("nothing is being forced anywhere")
	}
	return nil
}

func (p *player) syncOne(c sim.Choice) error {
	done, err := p.choose(c)
	if err != nil || done {
		return err
	}
	if cell := p.cell(c.Node); !cell.Up || cell.Paused {
		return fmt.Errorf("%s is %s", p.name(c.Node), condition(cell))
	}
	return fmt.Errorf("nothing is being forced at %s, or not so much", p.name(c.Node))
}

// failSync: sync n1 [keeping N].
func (p *player) failSync(words []string) error {
	words, keep, err := keeping(words)
	if err != nil {
		return err
	}
	if len(words) != 2 || words[0] != "sync" {
		return errors.New("write \"fail sync NODE [keeping N]\"")
	}
	id, err := p.node(words[1])
	if err != nil {
		return err
	}
	c := sim.Choice{Kind: sim.FailSync, Node: id}
	switch {
	case keep == keepAll:
		c.Keep = uint32(p.cell(id).Disk.Unforced())
	case keep > 0:
		c.Keep = uint32(keep)
	}
	return p.syncOne(c)
}

// fire: TIMER [KEY] at NODE.
func (p *player) fire(words []string) error {
	what, id, err := p.at(words)
	if err != nil {
		return err
	}
	armed, err := p.timer(what, id)
	if err != nil {
		return err
	}
	done, err := p.choose(sim.Choice{Kind: sim.Fire, Node: id, ID: armed.ID})
	if err == nil && !done {
		return fmt.Errorf("%s is %s", p.name(id), condition(p.cell(id)))
	}
	return err
}

// at takes words apart that end in "at NODE".
func (p *player) at(words []string) (what []string, id protocols.NodeID, err error) {
	last := len(words) - 1
	if last < 2 || words[last-1] != "at" {
		return nil, 0, errors.New("write \"WHAT at NODE\"")
	}
	id, err = p.node(words[last])
	return words[:last-1], id, err
}

// timer returns the armed timer of a name, with the key if one is given.
func (p *player) timer(what []string, id protocols.NodeID) (sim.Armed, error) {
	var found, set []string
	var armed sim.Armed
	for _, t := range p.cell(id).Timers {
		name := t.Timer.Name
		withKey := fmt.Sprintf("%s %d", name, t.Timer.Key)
		if t.Timer.Key != 0 {
			set = append(set, withKey)
		} else {
			set = append(set, name)
		}
		if wanted := strings.Join(what, " "); wanted == withKey || wanted == name {
			armed, found = t, append(found, withKey)
		}
	}
	switch {
	case len(found) > 1:
		return armed, fmt.Errorf("which of the timers %s?", strings.Join(found, ", "))
	case len(set) == 0:
		return armed, fmt.Errorf("no timer is set at %s", p.name(id))
	case len(found) == 0:
		return armed, fmt.Errorf("no such timer is set at %s: set are %s", p.name(id), strings.Join(set, ", "))
	}
	return armed, nil
}

// rot: record N of NODE, meta of NODE or snapshot of NODE.
func (p *player) rot(words []string) error {
	last := len(words) - 1
	if last < 2 || words[last-1] != "of" {
		return errors.New("write \"rot record N of NODE\", \"rot meta of NODE\" or \"rot snapshot of NODE\"")
	}
	id, err := p.node(words[last])
	if err != nil {
		return err
	}
	disk := &p.cell(id).Disk.Durable
	switch {
	case words[0] == "meta" && disk.Meta != nil:
		return p.inflict(sim.Fault{Kind: sim.RotMeta, Node: id})
	case words[0] == "snapshot" && disk.Snapshot != nil:
		return p.inflict(sim.Fault{Kind: sim.RotSnapshot, Node: id})
	case words[0] != "record" || last != 3:
		return fmt.Errorf("%s has no such thing on its disk", p.name(id))
	}
	n, err := strconv.ParseUint(words[1], 10, 64)
	if err != nil || n < disk.First || n >= disk.Next() {
		return fmt.Errorf("%s has the records %d to %d", p.name(id), disk.First, disk.Next()-1)
	}
	return p.inflict(sim.Fault{Kind: sim.RotRecord, Node: id, Count: n - disk.First})
}

func (p *player) fillDisk(words []string) error { return p.disk(words, true) }
func (p *player) freeDisk(words []string) error { return p.disk(words, false) }

func (p *player) loseDisk(words []string) error {
	if len(words) != 2 || words[0] != "disk" {
		return errors.New("write \"lose disk NODE\"")
	}
	id, err := p.node(words[1])
	if err == nil && p.cell(id).Up {
		err = fmt.Errorf("%s is up: crash it first", p.name(id))
	}
	if err != nil {
		return err
	}
	return p.inflict(sim.Fault{Kind: sim.LoseDisk, Node: id})
}

func (p *player) disk(words []string, full bool) error {
	if len(words) != 2 || words[0] != "disk" {
		return errors.New("write \"fill disk NODE\" or \"free disk NODE\"")
	}
	id, err := p.node(words[1])
	if err != nil {
		return err
	}
	return p.inflict(sim.Fault{Kind: sim.FillDisk, Node: id, On: full})
}

// clock: clock NODE by 200ppm (drift) or 5s (jump).
func (p *player) clock(words []string) error {
	if len(words) != 4 || words[0] != "clock" || words[2] != "by" {
		return errors.New("write \"drift clock NODE by 200ppm\" or \"jump clock NODE by 5s\"")
	}
	id, err := p.node(words[1])
	if err != nil {
		return err
	}
	if rate, found := strings.CutSuffix(words[3], "ppm"); found {
		drift, err := strconv.ParseInt(rate, 10, 32)
		if err != nil || drift < -900_000 || drift > 900_000 {
			return fmt.Errorf("%q is no drift from -900000ppm to 900000ppm", words[3])
		}
		return p.inflict(sim.Fault{Kind: sim.DriftClock, Node: id, Drift: drift})
	}
	by, err := time.ParseDuration(words[3])
	if err != nil {
		return err
	}
	return p.inflict(sim.Fault{Kind: sim.JumpClock, Node: id, By: by})
}
