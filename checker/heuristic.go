package checker

import (
	"fmt"
	"slices"
	"time"
)

// aloneHook: a participant decides by itself (Heuristic), or speaks of the damage
// that this has done (Damage).
type aloneHook interface {
	damaged(s *Set, t *undertaking, d fate)
}

// wentAlone takes up that a participant decides by itself.
func (c *commitment) wentAlone(s *Set, t *undertaking, text string) {
	t.alone = append(t.alone, fate{node: s.step.Node, text: text, step: s.step.Number})
}

// damaged takes up that a node speaks of damage.
func (c *commitment) damaged(s *Set, t *undertaking, text string) {
	d := fate{node: s.step.Node, text: text, step: s.step.Number}
	for _, h := range c.damages {
		h.damaged(s, t, d)
	}
	t.damage = append(t.damage, d)
}

// truth is what was decided on a transaction by whoever did not decide by itself, as
// far as anybody said so; "" if nobody did.
func (t *undertaking) truth() string {
	for _, f := range t.fates {
		// A participant carries out what it decides by itself in the same step.
		if !slices.Contains(t.alone, f) {
			return f.text
		}
	}
	if len(t.damage) > 0 {
		return t.damage[0].text
	}
	return ""
}

// damageReported (heuristic-damage): whoever decides by itself, and wrongly, says so in
// the end, and nobody else.
type damageReported struct{ rule }

func (r *damageReported) damaged(s *Set, t *undertaking, d fate) {
	if !r.open() {
		return
	}
	otherwise := func(f fate) bool { return f.text != d.text }
	own := func(f fate) bool { return f.node == d.node }
	mine := slices.IndexFunc(t.alone, own)
	switch truth := t.truth(); {
	case truth != "" && truth != d.text:
		r.violate(s, fmt.Sprintf("%s says that transaction %s was decided to %s, which others had decided to %s",
			s.name(d.node), transactionName(t), d.text, truth))
	case mine >= 0 && otherwise(t.alone[mine]):
	case !slices.ContainsFunc(t.alone, otherwise):
		r.violate(s, fmt.Sprintf("%s speaks of damage to transaction %s, decided to %s, but no participant had decided otherwise by itself",
			s.name(d.node), transactionName(t), d.text))
	}
}

func (r *damageReported) closed(s *Set) Finding {
	f := r.finding
	if s.world == nil {
		return f
	}
	c := s.commitment
	well, now := c.well(s)
	for _, t := range c.transactions {
		truth := t.truth()
		for _, a := range t.alone {
			said := slices.ContainsFunc(t.damage, func(d fate) bool { return d.node == a.node })
			switch {
			case truth == "":
				continue
			case truth == a.text || said:
			case !well || now < t.at+settleTicks*s.world.Setup().Tick:
				continue
			case f.Verdict != Violated:
				f.Verdict, f.Step, f.Time = Violated, s.step.Number, s.step.Time
				f.Witness = fmt.Sprintf("%s decided to %s transaction %s by itself at step %d, which was decided to %s, and has not said so by %v",
					s.name(a.node), a.text, transactionName(t), a.step, truth, now.Round(time.Millisecond))
			}
			f.Checked++
		}
	}
	return f
}

// well tells whether all has been well for long enough to demand that nothing is open,
// and what time it is.
func (c *commitment) well(s *Set) (bool, time.Duration) {
	settle, now := settleTicks*s.world.Setup().Tick, max(s.world.Now, s.step.Time)
	return whole(s.world) && len(c.halted) == 0 && now >= c.trouble+settle, now
}
