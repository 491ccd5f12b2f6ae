package scenarios

import (
	"slices"

	"quorumlab/protocols"
	"quorumlab/scenarios/language"
	"quorumlab/sim"
)

// members listens, and knows by which members the nodes go, from what
// they note. Which of them are in force nobody can tell from outside: a node may
// go by members that were never agreed on, or have missed the latest.
type members struct {
	first []protocols.NodeID // who voted at the start
	last  []configuration    // what each node goes by
}

// configuration is who votes from a slot on; at slot 0 it was so at the start.
type configuration struct {
	slot uint64
	who  []protocols.NodeID // growing
}

// begin takes up who votes at the start.
func (m *members) begin(run *language.Run) {
	if m.first = run.Cluster.Members; m.first == nil {
		for _, node := range run.Cluster.Nodes {
			m.first = append(m.first, node.ID)
		}
	}
	m.last = make([]configuration, len(run.Cluster.Nodes))
	for i := range m.last {
		m.last[i].who = m.first
	}
}

func (m *members) heard(_ *sim.World, step *sim.Step, note *protocols.Note) {
	if note.Kind != protocols.Configured {
		return
	}
	if who, ok := note.Value.([]protocols.NodeID); ok && len(who) > 0 {
		m.last[step.Node-1] = configuration{note.Slot, who}
	}
}

// latest returns those of the highest slot that some node goes by.
func (m *members) latest() []protocols.NodeID {
	best := m.last[0]
	for _, c := range m.last {
		if c.slot > best.slot {
			best = c
		}
	}
	return best.who
}

// inForce returns all that may be in force: the latest, and what else those who
// belong to them go by. What one outside goes by, who was never told, is over.
func (m *members) inForce() [][]protocols.NodeID {
	latest := m.latest()
	all := [][]protocols.NodeID{latest}
	for _, id := range latest {
		if who := m.last[id-1].who; !slices.ContainsFunc(all, func(other []protocols.NodeID) bool { return slices.Equal(who, other) }) {
			all = append(all, who)
		}
	}
	return all
}

// quorums reports whether some nodes are a majority of each of some sets.
func quorums(nodes []protocols.NodeID, sets [][]protocols.NodeID) bool {
	for _, who := range sets {
		n := 0
		for _, id := range who {
			if slices.Contains(nodes, id) {
				n++
			}
		}
		if n <= len(who)/2 {
			return false
		}
	}
	return true
}

// reconfigures reports whether a run has a change of members.
func reconfigures(run *language.Run) bool {
	return slices.ContainsFunc(run.Timeline, func(e language.Entry) bool {
		_, is := e.Action.(language.Reconfigure)
		return is
	})
}

// reconfigure has the operator ask for the members that an action means now.
func (a *agenda) reconfigure(r language.Reconfigure) {
	current := a.members.latest()
	who := a.resolveAll(r.Members)
	if r.Members == nil {
		who = slices.Clone(current)
		for _, t := range r.Remove {
			out := a.resolveAmong(t, func(id protocols.NodeID) bool { return slices.Contains(who, id) })
			who = slices.DeleteFunc(who, func(id protocols.NodeID) bool { return id == out })
		}
		for _, t := range r.Add {
			in := a.resolveAmong(t, func(id protocols.NodeID) bool {
				return !slices.Contains(current, id) && !slices.Contains(who, id)
			})
			if in != 0 && !slices.Contains(who, in) {
				who = append(who, in)
			}
		}
	}
	slices.Sort(who)
	if len(who) < max(1, r.Least) || slices.Equal(who, current) {
		return
	}
	a.phases.strike(language.FaultMembership, a.sim.World.Now)
	a.operator.want(who)
}

// core leaves only a part of the nodes whole: see language.Core.
func (a *agenda) core(c language.Core) error {
	sets := a.members.inForce()
	if a.operator != nil {
		sets = append(sets, a.operator.open...)
		a.operator.wanted = nil
	}
	order := a.resolveAll(c.Order)
	size, sound := 0, []protocols.NodeID(nil)
	for size < len(order) && (size < c.Size || !quorums(sound, sets)) {
		if id := order[size]; !a.phases.damaged(id) {
			sound = append(sound, id)
		}
		size++
	}
	outside := order[size:]
	switch {
	case len(outside) == 0:
		return nil
	case !c.Crash:
		groups := [][]language.Target{known(order[:size]), known(outside)}
		return a.partition(language.Partition{Form: language.FormGroups, Groups: groups})
	}
	for _, id := range outside {
		if err := a.crash(language.Crash{Node: language.Target{Node: id}, Keep: c.Keep}); err != nil {
			return err
		}
	}
	return nil
}
