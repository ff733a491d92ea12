# Makes certificates, passwords and the files that carry them, once; a changed QUEUEWATCH_PASSWORD is taken over at each start.
# Each service gets a volume with what it needs and no more, readable by its user only.
require "digest"
require "fileutils"
require "openssl"
require "securerandom"

ROOT = ENV.fetch("SECRETS_ROOT", "/volumes")
USERS = ENV.fetch("USERS_ACL", "/app/users.acl")
OWNERS = {
  "authority" => [0, 0], "redis" => [999, 1000], "worker" => [1000, 1000], "agent" => [65_532, 65_532],
  "collector" => [10_001, 10_001], "prometheus" => [65_534, 65_534], "alertmanager" => [65_534, 65_534],
  "grafana" => [472, 0], "agent-state" => [65_532, 65_532], "collector-state" => [10_001, 10_001]
}.freeze
SERVERS = %w[redis agent collector prometheus alertmanager grafana].freeze
TEN_YEARS = 10 * 365 * 86_400

def path(*parts) = File.join(ROOT, *parts)

def write(volume, name, text)
  File.write(path(volume, name), text, perm: 0o400)
end

# What was made once stays as it is.
def kept(name)
  file = path("authority", name)
  File.write(file, yield, perm: 0o400) unless File.exist?(file)
  File.read(file)
end

def certificate(key, subject, issuer: nil, issuer_key: key, extensions: {})
  cert = OpenSSL::X509::Certificate.new
  cert.version = 2
  cert.serial = OpenSSL::BN.rand(127)
  cert.subject = OpenSSL::X509::Name.new([["CN", subject]])
  cert.issuer = issuer ? issuer.subject : cert.subject
  cert.public_key = key
  cert.not_before = Time.now - 60
  cert.not_after = Time.now + TEN_YEARS
  factory = OpenSSL::X509::ExtensionFactory.new(issuer || cert, cert)
  extensions.each { |name, (value, critical)| cert.add_extension(factory.create_extension(name, value, critical)) }
  cert.sign(issuer_key, OpenSSL::Digest.new("SHA256"))
end

def new_key = OpenSSL::PKey::EC.generate("prime256v1")

AUTHORITY = { "basicConstraints" => ["CA:TRUE", true], "keyUsage" => ["keyCertSign,cRLSign", true] }.freeze
ca_key = OpenSSL::PKey.read(kept("ca.key") { new_key.to_pem })
ca_pem = kept("ca.crt") { certificate(ca_key, "queuewatch sample authority", extensions: AUTHORITY).to_pem }
ca = OpenSSL::X509::Certificate.new(ca_pem)
pass = %w[worker redis-agent otlp metrics].to_h { |name| [name, kept("#{name}.password") { SecureRandom.hex(24) }] }
admin = ENV.fetch("QUEUEWATCH_PASSWORD")

# bcrypt of the C library.
def bcrypt(password) = password.crypt("$2b$10$#{SecureRandom.alphanumeric(21)}u")

(OWNERS.keys - %w[authority agent-state collector-state]).each do |volume|
  FileUtils.rm_f(Dir.glob(path(volume, "*")))
  write(volume, "ca.crt", ca_pem)
end
SERVERS.each do |name|
  key = new_key
  extensions = {
    "subjectAltName" => ["DNS:#{name},DNS:localhost,IP:127.0.0.1", false],
    "extendedKeyUsage" => ["serverAuth,clientAuth", false]
  }
  write(name, "server.key", key.to_pem)
  write(name, "server.crt", certificate(key, name, issuer: ca, issuer_key: ca_key, extensions: extensions).to_pem)
end

hashed = ->(name) { "##{Digest::SHA256.hexdigest(pass.fetch(name))}" }
acl = File.read(USERS).sub(">WORKER_PASSWORD", hashed["worker"]).sub(">AGENT_PASSWORD", hashed["redis-agent"])
write("redis", "users.acl", acl)
write("worker", "redis-password", pass["worker"])
write("agent", "redis-password", pass["redis-agent"])
write("agent", "metrics-token", pass["metrics"])
write("agent", "otlp-headers", "authorization: Basic #{["agent:#{pass['otlp']}"].pack('m0')}\n")
write("collector", "htpasswd", "agent:#{bcrypt(pass['otlp'])}\n")
tls = "tls_server_config:\n  cert_file: /run/secrets/server.crt\n  key_file: /run/secrets/server.key\n"
web = "#{tls}basic_auth_users:\n  admin: \"#{bcrypt(admin)}\"\n"
%w[prometheus alertmanager].each { |name| write(name, "web.yaml", web) }
%w[prometheus grafana].each { |name| write(name, "admin-password", admin) }

OWNERS.each do |volume, (user, group)|
  FileUtils.chown_R(user, group, path(volume))
  File.chmod(0o700, path(volume))
end
puts "certificates and passwords are in place"
