package refine

// Action is an action of the specification Zab.tla, by the name that it has
// there.
type Action uint8

// The actions that a step of the real protocol may be.
const (
	UpdateLeader Action = iota
	Connect
	LeaderProcessCEPOCH
	FollowerProcessNEWEPOCH
	LeaderProcessACKEPOCH
	FollowerProcessNEWLEADER
	LeaderProcessACKLD
	FollowerProcessCOMMITLD
	LeaderProcessRequest
	LeaderBroadcastPROPOSE
	FollowerProcessPROPOSE
	LeaderProcessACK
	FollowerProcessCOMMIT
	Timeout
	Restart
	actionCount
)

var actionNames = [actionCount]string{
	UpdateLeader: "UpdateLeader", Connect: "ConnectAndFollowerSendCEPOCH", LeaderProcessCEPOCH: "LeaderProcessCEPOCH",
	FollowerProcessNEWEPOCH: "FollowerProcessNEWEPOCH", LeaderProcessACKEPOCH: "LeaderProcessACKEPOCH",
	FollowerProcessNEWLEADER: "FollowerProcessNEWLEADER", LeaderProcessACKLD: "LeaderProcessACKLD",
	FollowerProcessCOMMITLD: "FollowerProcessCOMMITLD", LeaderProcessRequest: "LeaderProcessRequest",
	LeaderBroadcastPROPOSE: "LeaderBroadcastPROPOSE", FollowerProcessPROPOSE: "FollowerProcessPROPOSE",
	LeaderProcessACK: "LeaderProcessACK", FollowerProcessCOMMIT: "FollowerProcessCOMMIT",
	Timeout: "Timeout", Restart: "Restart",
}

// String returns the specification's name.
func (a Action) String() string { return actionNames[a] }

// Actions lists all actions that a run may come to.
func Actions() []Action {
	all := make([]Action, actionCount)
	for i := range all {
		all[i] = Action(i)
	}
	return all
}
