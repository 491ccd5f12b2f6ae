package machine

// Siblings stands between the values of one Result that holds several: those of
// writes none of which has seen the others, in an order that all nodes agree on.
// Only a store that gives up on one order of all writes answers so.
const Siblings = "‖"
