// The kinds of events that the engine schedules.

export const Event = {
  /** The next iteration of an open workload is due. */
  arrival: 0,
  /** The number of VUs of a closed workload changes. */
  vuChange: 1,
  /** A VU may start another iteration. */
  iterate: 2,
  /** The grace of a VU that was taken away is over. */
  graceEnd: 3,
  loadEnd: 4,
  hardEnd: 5,
  /** A request reaches its service. */
  enter: 6,
  /** Work or a pause is over. */
  resume: 7,
  /** An answer reaches the caller. */
  respond: 8,
  timeout: 9,
  /** The pause before the next attempt is over. */
  retry: 10,
  sample: 11,
  /** A window of a fault begins or ends: the subject is the fault, and the generation the window's number. */
  faultBegin: 60,
  faultEnd: 61,
  /** A fault cuts the connection of a call: the subject is its strand. */
  cut: 62,
  /** An iteration that a surge adds is due. */
  surge: 63,
  /** A replica that a fault held goes on: the subject is the fault, the generation its window. */
  stillEnd: 64,
  /** A lock that a fault makes was waited for too long: the subject is the request. */
  contentionTimeout: 65,
  /** The next replica of a fault's roll-out is due: the subject is the fault, the generation that of the roll-out. */
  roll: 66,
  /** Something of a replica's cores: a strand's work is done, its quota used up, a period over. */
  cpu: 12,
  /** A request that waits in a queue has waited long enough. */
  patience: 13,
  /** A pause begins; it is over; a replica that stood still may go on. */
  pause: 14,
  pauseEnd: 15,
  wake: 16,
  /** Another attempt of a call is due beside the one that is under way. */
  hedge: 20,
  /** A connection has been set up. */
  connected: 21,
  /** The longest wait for a place in a bulkhead, or for a connection, is over. */
  bulkheadTimeout: 22,
  poolTimeout: 23,
  ejectionEnd: 24,

  // Of the world (30 to 49): the subject is a station, and the generation that of its life.
  /** A container begins to start. */
  replicaStart: 30,
  /** It has started. */
  replicaListens: 31,
  /** The grace after SIGTERM is over. */
  graceOver: 32,
  healthCheck: 33,
  /** A replica has used more memory than its limit. */
  outOfMemory: 34,
  /** A packet that a partition swallowed is sent again: the subject is the frame. */
  resend: 35,
  /** A partition may have messages to hand over: the subject is the partition. */
  deliver: 36,
  /** A consumer that died is given up. */
  sessionOver: 37,
  /** A row was waited for too long: the subject is the frame. */
  lockTimeout: 38,
  /** An autoscaler looks at its service: the subject is the service. */
  scale: 39,
} as const;
export type Event = (typeof Event)[keyof typeof Event];
