package story

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"quorumlab/network"
	"quorumlab/protocols"
	"quorumlab/protocols/hint"
	"quorumlab/protocols/machine"
	"quorumlab/protocols/state"
	"quorumlab/sim"
)

// settings is what a setup says.
type settings struct {
	nodes, clients, members []string
	links                   protocols.LinkKind
	tick, patience          time.Duration
	delay, fsync            network.Distribution
	seed                    uint64
	parameters              map[string]string
}

// begin makes the world of a tale, in which nothing runs yet.
func (s Suite) begin(t *tale) (*player, error) {
	set, err := s.settingsOf(t)
	if err != nil {
		return nil, err
	}
	codec, err := state.NewCodec(slices.Concat(s.Protocol.Types, machine.Types(), s.Types, sim.Types())...)
	if err != nil {
		return nil, err
	}
	if s.Machine == nil {
		s.Machine = func() protocols.StateMachine { return machine.NewKV() }
	}
	setup := &sim.Setup{
		Protocol: s.Protocol, Tick: set.tick, Parameters: set.parameters, Names: set.nodes,
		Machine: s.Machine, Wrap: s.Wrap, Links: set.links, Codec: codec,
	}
	for _, name := range set.members {
		setup.Members = append(setup.Members, protocols.NodeID(slices.Index(set.nodes, name)+1))
	}
	slices.Sort(setup.Members)
	for i, name := range set.clients {
		setup.Clients = append(setup.Clients, sim.Client{
			ID: protocols.ClientID(i + 1), Name: name, Place: 1, Contacts: []protocols.NodeID{1}, Timeout: set.patience,
		})
	}
	world, err := sim.NewWorld(setup)
	if err != nil {
		return nil, fmt.Errorf("%s: setup: %w", t.file, err)
	}
	p := &player{suite: s, answers: map[protocols.ClientID]string{}}
	p.sim = sim.NewSimulator(world, sim.Config{
		Seed:        set.seed,
		Conditions:  func(_, _ protocols.NodeID) network.Conditions { return network.Conditions{Delay: set.delay} },
		DiskLatency: func(protocols.NodeID) network.Distribution { return set.fsync },
		// A client sits beside whom it asks.
		ClientDelay:   network.ConstantDelay(0),
		StreamTimeout: 15 * time.Second, DialTimeout: 10 * time.Millisecond, AuditEvery: 1,
	})
	p.sim.Watch(p)
	return p, nil
}

func (s Suite) settingsOf(t *tale) (*settings, error) {
	set := &settings{
		nodes: []string{"n1", "n2", "n3"}, clients: []string{"c1", "c2", "c3"},
		tick: 100 * time.Millisecond, patience: 10 * time.Second, seed: 1,
		delay:      network.UniformDelay(time.Millisecond, 5*time.Millisecond),
		fsync:      network.UniformDelay(time.Millisecond, 4*time.Millisecond),
		parameters: map[string]string{},
	}
	for _, p := range s.Protocol.Parameters {
		set.parameters[p.Name] = p.Default
	}
	for _, l := range t.setup {
		key, value, found := strings.Cut(l.text, ":")
		if !found {
			return nil, fmt.Errorf("%s:%d: %q: write \"key: value\"", t.file, l.number, l.text)
		}
		if err := set.take(strings.TrimSpace(key), strings.TrimSpace(value)); err != nil {
			return nil, fmt.Errorf("%s:%d: %w", t.file, l.number, err)
		}
		if set.links == protocols.Datagram && s.Protocol.Links == protocols.Stream {
			return nil, fmt.Errorf("%s:%d: links are datagram, and %s assumes streams: leave the line out", t.file, l.number, s.Protocol.Name)
		}
	}
	for _, name := range set.members {
		if !slices.Contains(set.nodes, name) {
			return nil, fmt.Errorf("%s: members: no node %q: %s", t.file, name, hint.For(name, set.nodes))
		}
	}
	return set, nil
}

// take takes one line of a setup.
func (set *settings) take(key, value string) (err error) {
	switch key {
	case "nodes":
		set.nodes, err = names(value, "n")
	case "clients":
		set.clients, err = names(value, "c")
	case "members":
		set.members = strings.Fields(value)
	case "links":
		set.links = protocols.LinkKind(value)
		if set.links != protocols.Datagram && set.links != protocols.Stream {
			return fmt.Errorf("links are datagram or stream, not %q", value)
		}
	case "tick":
		set.tick, err = time.ParseDuration(value)
	case "patience":
		set.patience, err = time.ParseDuration(value)
	case "delay":
		set.delay, err = span(value)
	case "fsync":
		set.fsync, err = span(value)
	case "seed":
		set.seed, err = strconv.ParseUint(value, 10, 64)
	default:
		if _, known := set.parameters[key]; !known {
			keys := []string{"nodes", "members", "clients", "links", "tick", "patience", "delay", "fsync", "seed"}
			for name := range set.parameters {
				keys = append(keys, name)
			}
			slices.Sort(keys)
			return fmt.Errorf("no setting or parameter %q: %s", key, hint.For(key, keys))
		}
		set.parameters[key] = value
	}
	if err != nil {
		return fmt.Errorf("%s: %w", key, err)
	}
	return nil
}

// names reads a number, or names.
func names(value, letter string) ([]string, error) {
	list := strings.Fields(value)
	if len(list) == 1 {
		if n, err := strconv.Atoi(list[0]); err == nil {
			list = nil
			for i := range n {
				list = append(list, fmt.Sprintf("%s%d", letter, i+1))
			}
		}
	}
	sorted := slices.Sorted(slices.Values(list))
	if len(list) == 0 || len(slices.Compact(sorted)) != len(list) {
		return nil, fmt.Errorf("%q is neither a number from 1 nor different names", value)
	}
	return list, nil
}

// span reads one duration or two.
func span(value string) (network.Distribution, error) {
	ends := strings.Fields(value)
	if len(ends) == 0 || len(ends) > 2 {
		return network.Distribution{}, fmt.Errorf("%q is neither one duration nor two", value)
	}
	shortest, err := time.ParseDuration(ends[0])
	if err != nil {
		return network.Distribution{}, err
	}
	longest, err := time.ParseDuration(ends[len(ends)-1])
	if err != nil {
		return network.Distribution{}, err
	}
	delay := network.UniformDelay(shortest, longest)
	return delay, delay.Validate()
}
