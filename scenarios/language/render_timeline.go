package language

import "strconv"

// entry renders one entry of a timeline.
func (r renderer) entry(e Entry) *tree {
	t := object()
	t.put("at", timed(e.At))
	switch a := e.Action.(type) {
	case Say:
		t.put("say", textual(a.Text))
	case Ask:
		t.put("ask", textual(a.Question))
		t.put("answer", textual(a.Answer))
	case Partition:
		key := "partition"
		if a.Every > 0 {
			key = "flap"
			t.put("every", timed(a.Every))
		}
		t.put(key, r.partition(a))
		t.putTime("for", a.For)
	case Heal:
		t.put("heal", r.heal(a))
	case LinksChange:
		conditions := object()
		renderConditions(conditions, a.Change)
		t.put("links", conditions)
		if a.Pairs != nil {
			t.put("between", sequenceOf(a.Pairs, r.arrow))
		}
		t.putTime("for", a.For)
	case Reconfigure:
		t.put("reconfigure", r.reconfigure(a))
	case Core:
		r.core(t, a)
	default:
		r.nodeFault(t, e.Action)
	}
	return t
}

// nodeFault renders a fault of one node.
func (r renderer) nodeFault(t *tree, action Action) {
	switch a := action.(type) {
	case Crash:
		t.put("crash", r.target(a.Node))
		t.put("keep", renderKeep(a.Keep))
		t.put("torn", truth(a.Torn))
		t.put("power", truth(a.Power))
		if a.OnFsync > 0 {
			t.put("on-fsync", number(a.OnFsync))
			when := "after"
			if a.BeforeFsync {
				when = "before"
			}
			t.put("when", textual(when))
		}
	case Restart:
		t.put("restart", r.target(a.Node))
	case Pause:
		t.put("pause", r.target(a.Node))
		t.putTime("for", a.For)
	case Slow:
		t.put("slow", r.target(a.Node))
		t.put("by", timed(a.By))
		t.putTime("for", a.For)
	case ClockJump:
		t.put("clock", r.target(a.Node))
		t.put("jump", timed(a.Jump))
	case ClockDrift:
		t.put("clock", r.target(a.Node))
		t.put("drift", perMillion(a.Drift))
	case DiskSlow:
		t.put("disk", r.target(a.Node))
		t.put("slow", timed(a.By))
		t.putTime("for", a.For)
	case DiskFull:
		t.put("disk", r.target(a.Node))
		t.put("full", truth(true))
		t.putTime("for", a.For)
	case DiskFsyncFails:
		t.put("disk", r.target(a.Node))
		t.put("fail-fsync", truth(true))
	case DiskLost:
		t.put("disk", r.target(a.Node))
		t.put("lost", truth(true))
	case DiskRot:
		t.put("disk", r.target(a.Node))
		if a.What == RotRecords {
			t.put("rot", number(a.Records))
		} else {
			t.put("rot", textual(string(a.What)))
		}
	}
}

func truth(b bool) *tree { return &tree{kind: kindBool, text: strconv.FormatBool(b)} }

func renderKeep(k Keep) *tree {
	switch k {
	case KeepAll:
		return textual("all")
	case KeepRandom:
		return textual("random")
	}
	return number(k)
}

func (r renderer) target(t Target) *tree {
	if t.Role != "" {
		return textual(string(t.Role))
	}
	return textual(r.node(t.Node))
}

func (r renderer) arrow(p TargetPair) *tree {
	return textual(r.target(p.From).text + " -> " + r.target(p.To).text)
}

func (r renderer) partition(p Partition) *tree {
	t := object()
	switch p.Form {
	case FormRing:
		return textual("ring")
	case FormCut:
		t.put("cut", sequenceOf(p.Pairs, r.arrow))
	case FormGroups:
		return sequenceOf(p.Groups, func(group []Target) *tree { return sequenceOf(group, r.target) })
	default:
		t.put(string(p.Form), r.target(p.Node))
	}
	return t
}

func (r renderer) heal(h Heal) *tree {
	if h.All {
		return textual("all")
	}
	t := sequenceOf(h.Among, r.target)
	t.items = append(t.items, sequenceOf(h.Pairs, r.arrow).items...)
	return t
}
