package reference

import (
	"fmt"
	"math/bits"

	"quorumlab/checker/explore"
)

// paxos is single-decree Paxos (Lamport, "The part-time parliament", 1998):
// every server proposes what its first client writes, each with a ballot of its
// own. What a server sends to itself is done at once.
type paxos struct{ servers int }

func newPaxos(p explore.Values) (explore.Model, error) {
	return newRegister(p, paxos{p.Number("servers")}), nil
}

// The messages between servers.
const (
	paxosPrepare  = protocolKinds + iota // ballot
	paxosPrepared                        // ballot, what was accepted last
	paxosAccept                          // ballot, proposal
	paxosAccepted                        // ballot
	paxosDecided                         // ballot, proposal
)

func (paxos) kinds() []string {
	return []string{"Prepare", "Prepared", "Accept", "Accepted", "Decided"}
}

// A ballot is (round, server) as one number that is ordered alike. A proposal
// is 1 + the number of the client whose write it is, 0 if there is none. A vote
// is the ballot and proposal that were accepted, 0 if nothing was.
const (
	roundBits    = 8
	ballotBits   = roundBits + actorBits
	proposalBits = valueBits
	voteBits     = ballotBits + proposalBits
)

// The first word of a server's state; word 1+i is server i's Prepared, with
// paxosPromised set.
const (
	paxosBallot   = 0                            // ballotBits
	paxosProposal = paxosBallot + ballotBits     // proposalBits
	paxosVote     = paxosProposal + proposalBits // voteBits
	paxosAccepts  = paxosVote + voteBits         // serversMax
	paxosDecision = paxosAccepts + serversMax    // 1
	paxosPromised = voteBits                     // a bit of the words of promises
)

func (paxos) start(int) cell { return cell{} }

// proposalOf returns the number of the client that a proposal belongs to.
func proposalOf(vote uint64) uint64 { return vote & (1<<proposalBits - 1) }

func (p paxos) handle(self int, c *cell, e envelope, out *outbox) bool {
	if c.get(0, paxosDecision, 1) != 0 {
		if e.kind() == getMessage {
			decided := proposalOf(c.get(0, paxosVote, voteBits))
			out.send(e.from(), getOkMessage, payload(e.request(), decided))
		}
		return false
	}
	ballot, mine := e.part(0, ballotBits), c.get(0, paxosBallot, ballotBits)
	proposal := e.part(ballotBits, proposalBits)
	switch e.kind() {
	case putMessage:
		return p.propose(self, c, e, out)
	case paxosPrepare:
		if mine >= ballot {
			return false
		}
		c.set(0, paxosBallot, ballotBits, ballot)
		out.send(e.from(), paxosPrepared, ballot|c.get(0, paxosVote, voteBits)<<ballotBits)
		return true
	case paxosPrepared:
		if ballot != mine {
			return false
		}
		c[1+e.from()] = 1<<paxosPromised | e.part(ballotBits, voteBits)
		if p.promises(c) == p.servers/2+1 {
			p.lead(self, c, out)
		}
		return true
	case paxosAccept:
		if mine > ballot {
			return false
		}
		c.set(0, paxosBallot, ballotBits, ballot)
		c.set(0, paxosVote, voteBits, ballot<<proposalBits|proposal)
		out.send(e.from(), paxosAccepted, ballot)
		return true
	case paxosAccepted:
		if ballot != mine {
			return false
		}
		p.count(c, e, out)
		return true
	case paxosDecided:
		c.set(0, paxosBallot, ballotBits, ballot)
		c.set(0, paxosVote, voteBits, ballot<<proposalBits|proposal)
		c.set(0, paxosDecision, 1, 1)
		return true
	}
	return false
}

// propose takes on the first write that a client asks for.
func (p paxos) propose(self int, c *cell, e envelope, out *outbox) bool {
	if c.get(0, paxosProposal, proposalBits) != 0 {
		return false
	}
	round := c.get(0, paxosBallot, ballotBits) >> actorBits
	ballot := (round+1)<<actorBits | uint64(self)
	c.set(0, paxosBallot, ballotBits, ballot)
	c.set(0, paxosProposal, proposalBits, e.value())
	c.set(0, paxosAccepts, serversMax, 0)
	clear(c[1:])
	c[1+self] = 1<<paxosPromised | c.get(0, paxosVote, voteBits)
	out.broadcast(p.servers, paxosPrepare, ballot)
	return true
}

func (p paxos) promises(c *cell) int {
	n := 0
	for _, word := range c[1 : 1+p.servers] {
		n += int(word >> paxosPromised)
	}
	return n
}

// lead goes on to the second phase: with the vote of the highest ballot, or
// what the server proposed if nobody has voted.
func (p paxos) lead(self int, c *cell, out *outbox) {
	var highest uint64
	for _, word := range c[1 : 1+p.servers] {
		highest = max(highest, word&(1<<voteBits-1))
	}
	proposal := proposalOf(highest)
	if highest == 0 {
		proposal = c.get(0, paxosProposal, proposalBits)
	}
	ballot := c.get(0, paxosBallot, ballotBits)
	c.set(0, paxosProposal, proposalBits, proposal)
	c.set(0, paxosVote, voteBits, ballot<<proposalBits|proposal)
	c.set(0, paxosAccepts, serversMax, c.get(0, paxosAccepts, serversMax)|1<<self)
	out.broadcast(p.servers, paxosAccept, ballot|proposal<<ballotBits)
}

// count counts an acceptance; with a majority the value is decided.
func (p paxos) count(c *cell, e envelope, out *outbox) {
	accepts := c.get(0, paxosAccepts, serversMax) | 1<<e.from()
	c.set(0, paxosAccepts, serversMax, accepts)
	if bits.OnesCount64(accepts) != p.servers/2+1 {
		return
	}
	c.set(0, paxosDecision, 1, 1)
	proposal := c.get(0, paxosProposal, proposalBits)
	out.broadcast(p.servers, paxosDecided, c.get(0, paxosBallot, ballotBits)|proposal<<ballotBits)
	client := uint64(p.servers) + proposal - 1
	out.send(int(client), putOkMessage, payload(client, 0))
}

func ballotName(ballot uint64) string {
	return fmt.Sprintf("(%d,%d)", ballot>>actorBits, ballot&(1<<actorBits-1))
}

func voteName(vote uint64) string {
	if vote == 0 {
		return "nothing"
	}
	return fmt.Sprintf("%s at %s", valueName(proposalOf(vote)), ballotName(vote>>proposalBits))
}

func (p paxos) tell(c *cell) string {
	told := fmt.Sprintf("ballot %s, proposes %s, accepted %s, %d promises, %d accepts",
		ballotName(c.get(0, paxosBallot, ballotBits)), valueName(c.get(0, paxosProposal, proposalBits)),
		voteName(c.get(0, paxosVote, voteBits)), p.promises(c),
		bits.OnesCount64(c.get(0, paxosAccepts, serversMax)))
	if c.get(0, paxosDecision, 1) != 0 {
		told += ", decided"
	}
	return told
}

func (p paxos) tellMessage(e envelope) string {
	name, ballot := p.kinds()[e.kind()-protocolKinds], ballotName(e.part(0, ballotBits))
	switch e.kind() {
	case paxosPrepared:
		return fmt.Sprintf("%s(%s, accepted %s)", name, ballot, voteName(e.part(ballotBits, voteBits)))
	case paxosAccept, paxosDecided:
		return fmt.Sprintf("%s(%s, %s)", name, ballot, valueName(e.part(ballotBits, proposalBits)))
	}
	return fmt.Sprintf("%s(%s)", name, ballot)
}
