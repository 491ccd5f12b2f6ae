package story

import (
	"fmt"
	"reflect"
	"strings"

	"quorumlab/protocols"
	"quorumlab/sim"
)

// Observe implements sim.Observer: it tells of a step and keeps what
// expectations ask for.
func (p *player) Observe(_ *sim.World, step *sim.Step) {
	p.remember(step)
	if step.Node != 0 {
		if !p.brief {
			p.say("  %s %s", p.name(step.Node), p.event(step))
		}
		p.effects(step)
	}
	if step.Stopped != 0 {
		p.say("  %s is down", p.name(step.Stopped))
	}
	if step.Lost > 0 && step.Choice.Kind != sim.Arrive && p.moved.kind != "" && !p.brief {
		p.say("  %s %s is lost", p.moved.kind, p.way(p.moved))
	}
	if c := &step.Client; c.Client != 0 {
		name := p.sim.World.Clients[c.Client-1].Name
		switch {
		case c.Returned:
			p.answers[c.Client] = p.answerWords(c)
			p.say("  %s has: %s", name, p.answers[c.Client])
		case !c.Invoked:
			p.say("  %s now asks %s", name, p.name(c.Node))
		}
	}
}

// remember keeps what expectations and summaries count.
func (p *player) remember(step *sim.Step) {
	switch step.Event.(type) {
	case protocols.Received:
		p.count.delivered++
	case protocols.Persisted:
		p.count.forces++
	}
	p.count.lost += step.Lost
	for _, effect := range step.Effects {
		switch e := effect.(type) {
		case protocols.Note:
			p.notes = append(p.notes, noted{step.Node, e})
		case protocols.Send:
			p.sent = append(p.sent, message{step.Node, e.To, kindOf(e.Message)})
		}
	}
}

// event says what happened to a node.
func (p *player) event(step *sim.Step) string {
	switch e := step.Event.(type) {
	case protocols.Recovered:
		disk := e.Disk
		if disk.Meta == nil && disk.Snapshot == nil && len(disk.Log) == 0 && disk.Unreadable() == "" {
			return "starts with an empty disk"
		}
		kept := []string{fmt.Sprintf("%d records", len(disk.Log))}
		if disk.Meta != nil {
			kept = append(kept, p.show(disk.Meta))
		}
		if disk.Snapshot != nil {
			kept = append(kept, "snapshot "+p.show(disk.Snapshot))
		}
		if len(disk.Damaged) > 0 {
			kept = append(kept, fmt.Sprintf("damaged %v", disk.Damaged))
		}
		if disk.MetaDamaged || disk.SnapshotDamaged {
			kept = append(kept, disk.Unreadable())
		}
		return "starts from its disk: " + strings.Join(kept, ", ")
	case protocols.Received:
		return fmt.Sprintf("gets from %s: %s", p.name(e.From), p.show(e.Message))
	case protocols.Requested:
		return fmt.Sprintf("is asked by %s: %s", p.sim.World.Clients[e.Client-1].Name, p.show(e.Command))
	case protocols.TimerFired:
		return "has the timer fire: " + timerWords(e.Timer)
	case protocols.Persisted:
		return fmt.Sprintf("has write %d on disk", e.Mark)
	case protocols.Disconnected:
		return fmt.Sprintf("learns that the stream with %s broke", p.name(e.Peer))
	}
	return fmt.Sprintf("%T", step.Event)
}

func timerWords(t protocols.Timer) string {
	if t.Key == 0 {
		return t.Name
	}
	return fmt.Sprintf("%s %d", t.Name, t.Key)
}

// effects tells what a node wanted done; of a message to several nodes at once.
func (p *player) effects(step *sim.Step) {
	for i := 0; i < len(step.Effects); i++ {
		switch e := step.Effects[i].(type) {
		case protocols.Note:
			if p.brief {
				p.say("  %s notes %s", p.name(step.Node), p.note(e))
			} else {
				p.say("    notes %s", p.note(e))
			}
		case protocols.Send:
			if p.brief {
				continue
			}
			to := p.name(e.To)
			for i+1 < len(step.Effects) {
				next, sends := step.Effects[i+1].(protocols.Send)
				if !sends || !reflect.DeepEqual(next.Message, e.Message) {
					break
				}
				to += ", " + p.name(next.To)
				i++
			}
			p.say("    sends %s: %s", to, p.show(e.Message))
		case protocols.Persist:
			if p.brief {
				continue
			}
			var writes []string
			for _, w := range e.Writes {
				writes = append(writes, p.write(w))
			}
			p.say("    begins write %d: %s", e.Mark, strings.Join(writes, ", "))
		}
	}
}

func (p *player) write(w protocols.Write) string {
	switch w := w.(type) {
	case protocols.Append:
		return p.show(w.Record)
	case protocols.SetMeta:
		return p.show(w.Meta)
	case protocols.CutTail:
		return fmt.Sprintf("log cut from %d on", w.From)
	case protocols.CutHead:
		return fmt.Sprintf("log cut before %d", w.Before)
	case protocols.SaveSnapshot:
		return "snapshot " + p.show(w.Snapshot)
	}
	return fmt.Sprintf("%T", w)
}

func (p *player) note(n protocols.Note) string {
	text := string(n.Kind)
	if n.Text != "" {
		text += " " + n.Text
	}
	if n.Term != 0 {
		text += fmt.Sprintf(", term %d", n.Term)
	}
	if n.Slot != 0 {
		slot := fmt.Sprint(n.Slot)
		if p.suite.Slot != nil {
			slot = p.suite.Slot(n.Slot)
		}
		text += ", slot " + slot
	}
	if n.Value != nil {
		text += ": " + p.show(n.Value)
	}
	return text
}
