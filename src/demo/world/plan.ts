/** A kind of job, as the application of the demo has it. */
export interface JobClass {
  readonly name: string;
  readonly queue: string;
  /** Jobs a second, over the mean of a day. */
  readonly perSecond: number;
  /** Execution time: median in ms, and standard deviation of its logarithm. */
  readonly median: number;
  readonly spread: number;
  readonly failures: number;
  readonly error: readonly [type: string, message: string];
  /** How often a failed job is tried again before it is dead; false: it is forgotten. */
  readonly retry: number | false;
  /** Works at night. */
  readonly nightly?: true;
  /** Seconds until the job is due, where it is scheduled instead of enqueued at once. */
  readonly delay?: readonly [from: number, to: number];
  /** An ActiveJob, which Sidekiq wraps. */
  readonly active?: true;
}

const timeout = ["Net::ReadTimeout", "Net::ReadTimeout with #<TCPSocket:(closed)>"] as const;
const refused = ["Errno::ECONNREFUSED", "Connection refused - connect(2)"] as const;
const missing = ["ActiveRecord::RecordNotFound", "Couldn't find the record"] as const;
const deadlock = ["ActiveRecord::Deadlocked", "Deadlock found when trying to get lock"] as const;

type Row = readonly [name: string, perSecond: number, median: number, spread: number, failures: number];
type Rest = Pick<JobClass, "error" | "retry"> & Partial<JobClass>;

const kind = (queue: string, row: Row, rest: Rest): JobClass => {
  const [name, perSecond, median, spread, failures] = row;
  return { name, queue, perSecond, median, spread, failures, ...rest };
};

/** What the application enqueues. */
export const jobClasses: readonly JobClass[] = [
  kind("critical", ["ChargeCardJob", 2, 350, 0.5, 0.01], { error: timeout, retry: 5 }),
  kind("critical", ["ConfirmOrderJob", 3, 120, 0.4, 0.002], { error: deadlock, retry: 5 }),
  kind("default", ["SyncInventoryJob", 4, 250, 0.6, 0.01], { error: deadlock, retry: 25 }),
  kind("default", ["TouchCacheJob", 8, 25, 0.5, 0.001], { error: refused, retry: false }),
  kind("default", ["GeocodeAddressJob", 1.5, 600, 0.8, 0.04], { error: timeout, retry: 3 }),
  kind("mailers", ["ActionMailer::MailDeliveryJob", 5, 400, 0.5, 0.01], { error: timeout, retry: 10, active: true }),
  kind("mailers", ["SendReminderJob", 0.4, 300, 0.5, 0.005], { error: missing, retry: 5, delay: [120, 1_200] }),
  kind("webhooks", ["DeliverWebhookJob", 6, 450, 0.8, 0.06], { error: refused, retry: 8 }),
  kind("webhooks", ["ProcessWebhookJob", 4, 80, 0.5, 0.01], { error: missing, retry: 2 }),
  kind("notifications", ["PushNotificationJob", 6, 150, 0.5, 0.01], { error: timeout, retry: 4 }),
  kind("notifications", ["SendSmsJob", 0.5, 700, 0.5, 0.02], { error: timeout, retry: 4 }),
  kind("search_index", ["IndexProductJob", 7, 90, 0.5, 0.005], { error: refused, retry: 10 }),
  kind("search_index", ["ReindexCategoryJob", 0.1, 8_000, 0.6, 0.02], { error: timeout, retry: 3 }),
  kind("billing", ["IssueInvoiceJob", 0.6, 1_200, 0.5, 0.01], { error: deadlock, retry: 10 }),
  kind("billing", ["ReconcilePaymentsJob", 0.02, 30_000, 0.4, 0.02], { error: timeout, retry: 5, nightly: true }),
  kind("imports", ["ImportCatalogJob", 0.05, 20_000, 0.7, 0.03], { error: missing, retry: 2, nightly: true }),
  kind("imports", ["ImportRowJob", 5, 120, 0.5, 0.01], { error: deadlock, retry: 3, nightly: true }),
  kind("reports", ["BuildReportJob", 0.22, 14_000, 0.7, 0.02], { error: timeout, retry: 2 }),
  kind("reports", ["ExportOrdersJob", 0.12, 18_000, 0.5, 0.01], { error: missing, retry: 2 }),
  kind("media", ["GenerateThumbnailsJob", 1.5, 1_600, 0.6, 0.02], { error: missing, retry: 3 }),
  kind("media", ["TranscodeVideoJob", 0.05, 40_000, 0.5, 0.03], { error: timeout, retry: 2 }),
  kind("analytics", ["TrackEventJob", 8, 15, 0.5, 0.001], { error: refused, retry: false }),
  kind("low", ["CleanUpSessionsJob", 0.8, 300, 0.5, 0.002], { error: deadlock, retry: 3, nightly: true }),
];

/** Threads of a process, and the queues they serve, with their weights (0 for all: strictly in that order). */
export interface Capsule {
  readonly name: string;
  readonly concurrency: number;
  readonly weights: Readonly<Record<string, number>>;
}

/** A process that a host runs, and starts again when it is gone. */
export interface ProcessPlan {
  readonly host: string;
  readonly capsules: readonly Capsule[];
}

const web: Capsule = {
  name: "default",
  concurrency: 10,
  weights: {
    critical: 8,
    default: 4,
    mailers: 3,
    webhooks: 3,
    notifications: 2,
    search_index: 2,
    analytics: 1,
    low: 1,
  },
};
const heavy: Capsule = { name: "default", concurrency: 8, weights: { billing: 3, imports: 2, media: 2, low: 1 } };
const reports: Capsule = { name: "reports", concurrency: 4, weights: { reports: 0 } };
const urgent: Capsule = { name: "default", concurrency: 5, weights: { critical: 0, billing: 0, mailers: 0 } };

/** Seven processes on four hosts. */
export const processPlans: readonly ProcessPlan[] = [
  { host: "worker-1", capsules: [web] },
  { host: "worker-1", capsules: [web] },
  { host: "worker-2", capsules: [web] },
  { host: "worker-2", capsules: [web] },
  { host: "worker-3", capsules: [heavy, reports] },
  { host: "worker-4", capsules: [heavy, reports] },
  { host: "worker-4", capsules: [urgent] },
];

export const queueNames: readonly string[] = [...new Set(jobClasses.map(({ queue }) => queue))];

/** How much of its mean a class brings at a time of the day (0 to 1): few at night, most in the afternoon. */
export function rhythm(timeOfDay: number, nightly: boolean): number {
  const busiest = nightly ? 2 / 24 : 14 / 24;
  return 1 + 0.65 * Math.cos(2 * Math.PI * (timeOfDay - busiest));
}

/** No class ever brings more than this many times its mean by rhythm. */
export const rhythmPeak = 1.65;
