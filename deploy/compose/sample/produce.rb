# Gives the workers about 4 jobs a second, and now and then more than they can do at once.
require_relative "jobs"

loop do
  ChargeJob.perform_async(rand(10_000))
  MailJob.perform_async(rand(1_000)) if rand < 0.8
  ReportJob.perform_async(rand(365)) if rand < 0.1
  MailJob.perform_in(60, rand(1_000)) if rand < 0.1
  200.times { MailJob.perform_async(rand(1_000)) } if rand < 0.002
  sleep 0.5
end
