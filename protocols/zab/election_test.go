package zab

import "testing"

// Votes have a total order: by the epoch of the history, then its last zxid, then the
// node. The round in which a vote was made is no part of it.
func TestOrderOfVotes(t *testing.T) {
	ascending := []Vote{
		{Leader: 1},
		{Leader: 2, Round: 1},
		{PeerEpoch: 1, Zxid: 1<<32 | 1, Leader: 9},
		{PeerEpoch: 1, Zxid: 1<<32 | 2, Leader: 1, Round: 5},
		{PeerEpoch: 1, Zxid: 1<<32 | 2, Leader: 3},
		{PeerEpoch: 2, Zxid: 1<<32 | 1, Leader: 1},
		{PeerEpoch: 2, Zxid: 2<<32 | 1, Leader: 1},
	}
	for i, v := range ascending {
		for j, w := range ascending {
			if v.better(w) != (i > j) {
				t.Errorf("%+v better than %+v: %t", v, w, v.better(w))
			}
		}
	}
}
