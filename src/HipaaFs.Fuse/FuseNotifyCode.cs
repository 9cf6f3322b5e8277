namespace HipaaFs.Fuse;

/// <summary>Messages from the server to the kernel: <c>enum fuse_notify_code</c>.</summary>
internal enum FuseNotifyCode
{
    Poll = 1,
    InvalidateInode = 2,
    InvalidateEntry = 3,
    Store = 4,
    Retrieve = 5,
    Delete = 6,
    Resend = 7,
    IncrementEpoch = 8,
    Prune = 9,
}
